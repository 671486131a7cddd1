// What is stored with each answer about how it came to be: enough to make it again, and what it
// cost.
#pragma once

#include <optional>
#include <span>

#include <QString>

#include "inference/engine.h"

namespace apertura {

struct Provenance {
    ModelInfo model;
    SamplingOptions sampling;  // as used; the seed only once it is known
    ContextPolicy contextPolicy = ContextPolicy::stop;
    std::vector<TokenId> promptIds;  // empty until the answer has ended
    QString appVersion;
};

// {"app_version", "model": {"name", "path", "content_hash", "architecture", "precision",
// "adapter_bytes"}, "backend", "device", "sampling": {..}, "seed", "context_policy", "prompt_ids"}
QString provenanceToJson(const Provenance& provenance);

// What an answer cost, and how it ended.
struct AnswerFigures {
    Metrics metrics;
    QString finishReason;
};

// The metrics of the command line's contract, and "finish_reason" and "seed".
QString figuresToJson(const AnswerFigures& figures);
// Nothing for an empty or damaged text; missing fields keep their default.
std::optional<AnswerFigures> figuresFromJson(const QString& json);

}  // namespace apertura
