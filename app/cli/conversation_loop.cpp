#include "app/cli/conversation_loop.h"

#include <cstdio>
#include <iostream>

#include "inference/text/text_stream.h"

namespace apertura::cli {

namespace {

constexpr const char* kBlanks = " \t\r";
constexpr double kMebibyte = 1024.0 * 1024.0;

std::string trimmed(const std::string& text) {
    const std::size_t first = text.find_first_not_of(kBlanks);
    return first == std::string::npos
               ? ""
               : text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

std::string oneDecimal(double value) {
    char text[64];
    std::snprintf(text, sizeof text, "%.1f", value);
    return text;
}

const char* noteOf(FinishReason reason) {
    switch (reason) {
        case FinishReason::stop:
            return nullptr;
        case FinishReason::length:
            return "The answer ends here because it reached --max-tokens.";
        case FinishReason::context:
            return "The answer ends here because the context is full.";
        case FinishReason::cancelled:
            return "The answer was stopped.";
    }
    return nullptr;
}

}  // namespace

ConversationLoop::ConversationLoop(Session& session, Interrupts& interrupts,
                                   ConversationSettings settings)
    : m_session(session), m_interrupts(interrupts), m_settings(std::move(settings)) {}

bool ConversationLoop::run() {
    while (!m_quit) {
        if (inputIsTerminal() && outputIsTerminal()) {
            printText("> ");
        }
        std::string line;
        if (!std::getline(std::cin, line)) {
            break;
        }
        const std::string text = trimmed(line);
        if (text.empty()) {
            continue;
        }
        if (text.front() == '/') {
            const std::size_t end = text.find_first_of(kBlanks);
            runCommand(text.substr(0, end),
                       end == std::string::npos ? "" : trimmed(text.substr(end)));
        } else {
            ask(toValidUtf8(text));
        }
    }
    return m_allAnswered;
}

void ConversationLoop::runCommand(const std::string& name, const std::string& argument) {
    if (name == "/quit") {
        m_quit = true;
    } else if (name == "/system") {
        setSystem(toValidUtf8(argument));
    } else if (name == "/retry") {
        retry();
    } else if (name == "/stats") {
        showStats();
    } else {
        printError("There is no command " + name +
                   ", only /system TEXT, /retry, /stats and /quit.");
    }
}

void ConversationLoop::setSystem(const std::string& text) {
    m_settings.system = text;
    printError(text.empty() ? "The system message is gone."
                            : "The system message is set from here on.");
}

void ConversationLoop::ask(std::string text) {
    m_messages.push_back({Role::user, std::move(text)});
    answer();
}

void ConversationLoop::retry() {
    if (!m_messages.empty() && m_messages.back().role == Role::assistant) {
        m_messages.pop_back();
    }
    if (m_messages.empty()) {
        printError("There is nothing to answer again yet.");
        return;
    }
    answer();
}

Request ConversationLoop::request() const {
    std::vector<ChatMessage> messages;
    if (!m_settings.system.empty()) {
        messages.push_back({Role::system, m_settings.system});
    }
    messages.insert(messages.end(), m_messages.begin(), m_messages.end());
    ChatPrompt prompt = m_settings.prompt;
    prompt.messagesJson = messagesToJson(messages);
    return {std::move(prompt), m_settings.sampling, m_settings.contextPolicy};
}

// Answers the last message. Where that fails, the message is taken back, so that the next one can
// be tried.
void ConversationLoop::answer() {
    AnswerPrinter printer;
    const auto onEvent = [&](const Event& event) {
        if (!m_settings.json || std::holds_alternative<PhaseEvent>(event)) {
            printer.handle(event);
        }
    };
    const auto generation = m_session.generate(request(), onEvent, m_interrupts.begin());
    m_interrupts.finish();
    if (!generation) {
        printer.abandon();
        printError(generation.error().message);
        m_messages.pop_back();
        m_allAnswered = false;
        return;
    }
    if (m_settings.json) {
        printer.abandon();
        printJson(toJson(*generation));
    } else {
        printer.finish();
        if (const char* note = noteOf(generation->finishReason)) {
            printError(note);
        }
    }
    m_messages.push_back({Role::assistant, generation->text});
    m_lastMetrics = generation->metrics;
}

void ConversationLoop::showStats() const {
    if (!m_lastMetrics) {
        printError("There is no answer yet.");
        return;
    }
    const Metrics& metrics = *m_lastMetrics;
    printError("prompt " + std::to_string(metrics.promptTokens) + " tokens (" +
               std::to_string(metrics.reusedTokens) + " reused) at " +
               oneDecimal(metrics.prefillTokensPerSecond) + "/s, answer " +
               std::to_string(metrics.completionTokens) + " tokens at " +
               oneDecimal(metrics.decodeTokensPerSecond) + "/s, first after " +
               oneDecimal(metrics.timeToFirstTokenSeconds * 1000.0) + " ms, context " +
               std::to_string(metrics.contextUsed) + " of " + std::to_string(metrics.contextSize) +
               ", weights " + oneDecimal(static_cast<double>(metrics.weightBytes) / kMebibyte) +
               " MiB, KV " + oneDecimal(static_cast<double>(metrics.kvBytes) / kMebibyte) +
               " MiB, " + metrics.backend + " on " + metrics.device + ", seed " +
               std::to_string(metrics.seed));
}

}  // namespace apertura::cli
