#include "app/cli/output.h"

#include <cmath>
#include <cstdio>
#include <unistd.h>

namespace apertura::cli {

namespace {

constexpr std::string_view kClearLine = "\r\033[K";
constexpr std::string_view kFaint = "\033[2m";
constexpr std::string_view kPlain = "\033[0m";
constexpr std::string_view kResponseBegins = "\033[0m\n";

void write(std::FILE* file, std::string_view text) {
    std::fwrite(text.data(), 1, text.size(), file);
    std::fflush(file);
}

// C0 controls but line break and tab, DEL, and C1 (which UTF-8 spells C2 80 to C2 9F).
std::string withoutControls(std::string_view utf8) {
    std::string safe;
    for (std::size_t i = 0; i < utf8.size(); ++i) {
        const auto byte = static_cast<unsigned char>(utf8[i]);
        const bool isC0 = (byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F;
        const bool isC1 =
            byte == 0xC2 && i + 1 < utf8.size() && static_cast<unsigned char>(utf8[i + 1]) < 0xA0;
        if (isC0 || isC1) {
            safe += "\uFFFD";
            i += isC1 ? 1 : 0;
        } else {
            safe += utf8[i];
        }
    }
    return safe;
}

const char* phaseName(Phase phase) {
    switch (phase) {
        case Phase::loading:
            return "loading";
        case Phase::preparing:
            return "preparing";
        case Phase::readingPrompt:
            return "reading the prompt";
        case Phase::writing:
            return "writing";
    }
    return "";
}

}  // namespace

void printJson(const Json& value) {
    write(stdout, value.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n");
}

void printText(std::string_view utf8) {
    if (outputIsTerminal()) {
        write(stdout, withoutControls(utf8));
    } else {
        write(stdout, utf8);
    }
}

void printError(std::string_view sentence) {
    write(stderr, std::string(sentence).append("\n"));
}

bool inputIsTerminal() {
    return isatty(STDIN_FILENO) == 1;
}

bool outputIsTerminal() {
    return isatty(STDOUT_FILENO) == 1;
}

Json numberToJson(double value) {
    if (std::isnan(value)) {
        return "nan";
    }
    if (std::isinf(value)) {
        return value > 0 ? "inf" : "-inf";
    }
    return value;
}

Json toJson(const std::vector<SampledToken>& tokens) {
    Json list = Json::array();
    for (const SampledToken& token : tokens) {
        Json top = Json::array();
        for (const TokenLogprob& alternative : token.top) {
            top.push_back({{"id", alternative.id}, {"logprob", numberToJson(alternative.logprob)}});
        }
        list.push_back({{"id", token.id},
                        {"logprob", numberToJson(token.logprob)},
                        {"rank", token.rank},
                        {"top", std::move(top)}});
    }
    return list;
}

Json toJson(const Metrics& metrics) {
    return {{"load_seconds", numberToJson(metrics.loadSeconds)},
            {"prompt_tokens", metrics.promptTokens},
            {"reused_tokens", metrics.reusedTokens},
            {"prefill_tokens_per_second", numberToJson(metrics.prefillTokensPerSecond)},
            {"time_to_first_token_seconds", numberToJson(metrics.timeToFirstTokenSeconds)},
            {"completion_tokens", metrics.completionTokens},
            {"decode_tokens_per_second", numberToJson(metrics.decodeTokensPerSecond)},
            {"backend", metrics.backend},
            {"device", metrics.device},
            {"decode_path", metrics.decodePath},
            {"weight_bytes", metrics.weightBytes},
            {"kv_bytes", metrics.kvBytes},
            {"scratch_bytes", metrics.scratchBytes},
            {"adapter_bytes", metrics.adapterBytes},
            {"device_memory_used_bytes", metrics.deviceMemoryUsedBytes},
            {"device_memory_free_bytes", metrics.deviceMemoryFreeBytes},
            {"device_memory_own_bytes", metrics.deviceMemoryOwnBytes},
            {"process_memory_bytes", metrics.processMemoryBytes},
            {"context_used", metrics.contextUsed},
            {"context_size", metrics.contextSize},
            {"seed", metrics.seed}};
}

Json toJson(const Generation& generation) {
    return {{"ids", generation.ids},
            {"text", generation.text},
            {"thoughts", generation.thoughts},
            {"tool_calls", generation.toolCalls},
            {"finish_reason", finishReasonName(generation.finishReason)},
            {"logprobs", toJson(generation.logprobs)},
            {"metrics", toJson(generation.metrics)}};
}

void ProgressLine::show(const PhaseEvent& phase) {
    if (isatty(STDERR_FILENO) != 1 || phase.phase == Phase::writing) {
        return;
    }
    std::string text = phaseName(phase.phase);
    if (phase.total > 0) {
        text.append(" ").append(std::to_string(phase.done * 100 / phase.total)).append(" %");
    }
    if (text != m_shown) {
        write(stderr, std::string(kClearLine) + text);
        m_shown = std::move(text);
    }
}

void ProgressLine::clear() {
    if (!m_shown.empty()) {
        write(stderr, kClearLine);
        m_shown.clear();
    }
}

void AnswerPrinter::handle(const Event& event) {
    if (const auto* phase = std::get_if<PhaseEvent>(&event)) {
        m_progress.show(*phase);
    } else if (const auto* text = std::get_if<TextEvent>(&event)) {
        print(*text);
    } else if (const auto* full = std::get_if<ContextFullEvent>(&event);
               full && full->droppedMessages > 0) {
        m_progress.clear();
        printError("The context is full: the " + std::to_string(full->droppedMessages) +
                   " oldest messages are left out from here on.");
    }
}

void AnswerPrinter::print(const TextEvent& text) {
    m_progress.clear();
    m_begun = true;
    if (!outputIsTerminal()) {
        if (text.kind == SpanKind::response) {
            printText(text.utf8);
        }
        return;
    }
    if (text.kind != m_kind) {
        write(stdout, text.kind == SpanKind::response ? kResponseBegins : kFaint);
        m_kind = text.kind;
    }
    printText(text.utf8);
}

void AnswerPrinter::finish() {
    m_progress.clear();
    if (m_kind != SpanKind::response) {
        write(stdout, kPlain);
    }
    write(stdout, "\n");
}

void AnswerPrinter::abandon() {
    m_progress.clear();
    if (m_begun) {
        finish();
    }
}

}  // namespace apertura::cli
