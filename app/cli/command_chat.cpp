// apertura-cli chat: a conversation in the terminal. Reads a pipe too: each line is answered.
#include "app/cli/commands.h"
#include "app/cli/conversation_loop.h"
#include "app/cli/options.h"

namespace apertura::cli {

namespace {

struct Flags {
    ModelFlags model;
    SamplingFlags sampling;
    TemplateFlags chat;
    std::string system;
    std::string whenFull = "stop";
};

Result<ConversationSettings> settingsOf(const Flags& flags) {
    auto prompt = flags.chat.prompt();
    if (!prompt) {
        return prompt.error();
    }
    // What is wrong without a model is said before a model is loaded.
    if (const auto sampling = flags.sampling.over({}); !sampling) {
        return sampling.error();
    }
    ConversationSettings settings;
    settings.prompt = *std::move(prompt);
    settings.contextPolicy =
        flags.whenFull == "drop" ? ContextPolicy::dropOldestTurns : ContextPolicy::stop;
    settings.system = flags.system;
    settings.json = flags.model.json;
    return settings;
}

Result<void> run(const Flags& flags) {
    auto settings = settingsOf(flags);
    if (!settings) {
        return settings.error();
    }
    Interrupts interrupts;
    const auto model = flags.model.load(interrupts.begin());
    interrupts.finish();
    if (!model) {
        return model.error();
    }
    const ModelInfo& info = (*model)->info();
    const auto sampling = flags.sampling.over(info.recommendedSampling);
    if (!sampling) {
        return sampling.error();
    }
    settings->sampling = *sampling;
    const auto session = flags.model.newSession(**model);
    if (!session) {
        return session.error();
    }
    printError(info.name + " (" + info.precision + ") on " + info.backend +
               ": this conversation is not saved; /system TEXT, /retry, /stats, /quit.");
    for (const std::string& warning : info.warnings) {
        printError(warning);
    }
    if (!ConversationLoop(**session, interrupts, *std::move(settings)).run()) {
        return Error{ErrorCode::invalidRequest, "Not every message was answered."};
    }
    return {};
}

}  // namespace

Command addChat(CLI::App& program) {
    auto flags = std::make_shared<Flags>();
    CLI::App* app =
        program.add_subcommand("chat", "A conversation in the terminal, or over a pipe");
    flags->model.addTo(*app);
    app->add_option("--system", flags->system, "The system message");
    app->add_option("--when-full", flags->whenFull,
                    "With a full context: stop, or drop the oldest turns")
        ->check(CLI::IsMember({"stop", "drop"}));
    flags->chat.addTo(*app);
    flags->sampling.addTo(*app);
    return {app, [flags] { return run(*flags); }};
}

}  // namespace apertura::cli
