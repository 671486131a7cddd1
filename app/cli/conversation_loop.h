// A conversation in the terminal, or over a pipe: one line is one message, or a command.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "app/cli/interrupt.h"
#include "app/cli/output.h"
#include "inference/engine.h"

namespace apertura::cli {

// What every answer of the conversation is made with.
struct ConversationSettings {
    ChatPrompt prompt;  // without messages
    SamplingOptions sampling;
    ContextPolicy contextPolicy = ContextPolicy::stop;
    std::string system;
    bool json = false;  // one object an answer in place of its text
};

class ConversationLoop {
public:
    ConversationLoop(Session& session, Interrupts& interrupts, ConversationSettings settings);

    // Until the end of standard input or /quit. Returns whether every message was answered.
    bool run();

private:
    void runCommand(const std::string& name, const std::string& argument);
    void setSystem(const std::string& text);
    void ask(std::string text);
    void retry();
    void answer();
    void showStats() const;
    Request request() const;

    Session& m_session;
    Interrupts& m_interrupts;
    ConversationSettings m_settings;
    std::vector<ChatMessage> m_messages;  // without the system message
    std::optional<Metrics> m_lastMetrics;
    bool m_quit = false;
    bool m_allAnswered = true;
};

}  // namespace apertura::cli
