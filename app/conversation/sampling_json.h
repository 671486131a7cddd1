// A conversation's choices about answering, as history stores them.
#pragma once

#include <optional>

#include <QString>

#include "inference/engine.h"

namespace apertura {

// How a conversation wants its answers. Without `sampling` the model's recommended values apply.
struct AnsweringChoices {
    std::optional<SamplingOptions> sampling;
    ContextPolicy contextPolicy = ContextPolicy::stop;
};

// An object with the option names of the command line, words joined by underscores; options that
// are absent (seed, max_tokens) are left out.
QString samplingToJson(const SamplingOptions& sampling);

// {"sampling": {..}, "context_policy": ".."}; what is as a new conversation has it is left out, and
// the text is empty where that is everything.
QString choicesToJson(const AnsweringChoices& choices);
// Damaged JSON counts as empty; fields that are missing or of another type keep their default.
AnsweringChoices choicesFromJson(const QString& json);

const char* contextPolicyName(ContextPolicy policy);  // "stop", "drop_oldest_turns"

}  // namespace apertura
