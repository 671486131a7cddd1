// apertura-cli generate: one prompt, one answer.
#include "app/cli/commands.h"
#include "app/cli/input.h"
#include "app/cli/interrupt.h"
#include "app/cli/options.h"
#include "app/cli/output.h"

namespace apertura::cli {

namespace {

struct Flags {
    ModelFlags model;
    SamplingFlags sampling;
    TemplateFlags chat;
    std::optional<std::string> prompt;
    std::optional<std::string> text;
    std::string system;
    std::string messagesFile;
    std::optional<std::vector<TokenId>> ids;
};

Result<std::string> messagesOf(const Flags& flags) {
    if (!flags.prompt) {
        return readJsonArrayFile(flags.messagesFile);
    }
    std::vector<ChatMessage> messages;
    if (!flags.system.empty()) {
        messages.push_back({Role::system, flags.system});
    }
    messages.push_back({Role::user, *flags.prompt});
    return messagesToJson(messages);
}

Result<Request> requestOf(const Flags& flags) {
    Request request;
    if (flags.ids) {
        request.prompt = IdsPrompt{*flags.ids};
        return request;
    }
    if (flags.text) {
        request.prompt = TextPrompt{*flags.text};
        return request;
    }
    auto messages = messagesOf(flags);
    if (!messages) {
        return messages.error();
    }
    auto prompt = flags.chat.prompt();
    if (!prompt) {
        return prompt.error();
    }
    prompt->messagesJson = *std::move(messages);
    request.prompt = *std::move(prompt);
    return request;
}

// Answers and prints; every event goes to `printer` unless JSON is asked for.
Result<void> answer(const Flags& flags, Session& session, const Request& request,
                    const std::stop_token& stop) {
    if (flags.model.json) {
        ProgressLine progress;
        const auto onEvent = [&](const Event& event) {
            if (const auto* phase = std::get_if<PhaseEvent>(&event)) {
                progress.show(*phase);
            }
        };
        const auto generation = session.generate(request, onEvent, stop);
        progress.clear();
        if (!generation) {
            return generation.error();
        }
        printJson(toJson(*generation));
        return {};
    }
    AnswerPrinter printer;
    const auto generation = session.generate(
        request, [&](const Event& event) { printer.handle(event); }, stop);
    if (!generation) {
        printer.abandon();
        return generation.error();
    }
    printer.finish();
    return {};
}

Result<void> run(const Flags& flags) {
    // What is wrong without a model is said before a model is loaded.
    if (const auto sampling = flags.sampling.over({}); !sampling) {
        return sampling.error();
    }
    auto request = requestOf(flags);
    if (!request) {
        return request.error();
    }
    Interrupts interrupts;
    const std::stop_token stop = interrupts.begin();
    const auto model = flags.model.load(stop);
    if (!model) {
        return model.error();
    }
    const auto sampling = flags.sampling.over((*model)->info().recommendedSampling);
    if (!sampling) {
        return sampling.error();
    }
    request->sampling = *sampling;
    const auto session = flags.model.newSession(**model);
    if (!session) {
        return session.error();
    }
    return answer(flags, **session, *request, stop);
}

}  // namespace

Command addGenerate(CLI::App& program) {
    auto flags = std::make_shared<Flags>();
    CLI::App* app = program.add_subcommand("generate", "One prompt, one answer");
    flags->model.addTo(*app);
    auto* input = app->add_option_group("prompt");
    auto* prompt =
        input->add_option("--prompt", flags->prompt, "A user's message, through the chat template");
    auto* text = input->add_option("--text", flags->text,
                                   "Text as it is, with the beginning-of-sequence token");
    input->add_option("--messages", flags->messagesFile, "A JSON file with an array of messages");
    auto* ids = addIds(*input, "--ids", flags->ids, "Token ids as they are");
    input->require_option(1);
    app->add_option("--system", flags->system, "The system message")->needs(prompt);
    flags->chat.addTo(*app);
    flags->sampling.addTo(*app);
    app->callback([flags, text, ids] {
        if (flags->chat.any() && (text->count() > 0 || ids->count() > 0)) {
            throw CLI::ValidationError(
                "generate",
                "--template, --tools, --date and --thinking shape a chat, and neither --text "
                "nor --ids is one");
        }
    });
    return {app, [flags] { return run(*flags); }};
}

}  // namespace apertura::cli
