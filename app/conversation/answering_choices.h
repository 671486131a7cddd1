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

// {"sampling": {..}, "context_policy": ".."}, the sampling as samplingToJson() has it; what is as a
// new conversation has it is left out, and the text is empty where that is everything.
QString choicesToJson(const AnsweringChoices& choices);
// Damaged JSON counts as empty; fields that are missing, unknown or not allowed keep their default.
AnsweringChoices choicesFromJson(const QString& json);

const char* contextPolicyName(ContextPolicy policy);  // "stop", "drop_oldest_turns"

}  // namespace apertura
