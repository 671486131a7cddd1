#include "inference/backend/cuda/memory_plan.h"

#include <string>

#include "inference/backend/cuda/byte_text.h"
#include "inference/backend/cuda/device_weights.h"

namespace apertura::cuda {

namespace {

// Contexts are offered in such steps.
constexpr std::int64_t kContextStep = 256;

MemoryPlan planFor(PlanInput input, std::int64_t contextSize, KvType kv) {
    input.session = {contextSize, kv};
    return planMemory(input);
}

// The largest context of whole steps that fits; 0 where none does. The plan grows with the
// context, so halving the interval finds it.
std::int64_t largestContext(const PlanInput& input, std::int64_t freeBytes) {
    std::int64_t fits = 0;
    std::int64_t tooMany = input.session.contextSize / kContextStep + 1;
    while (tooMany - fits > 1) {
        const std::int64_t steps = (fits + tooMany) / 2;
        const bool isEnough =
            planFor(input, steps * kContextStep, input.session.kv).total() <= freeBytes;
        (isEnough ? fits : tooMany) = steps;
    }
    return fits * kContextStep;
}

std::string termsText(const MemoryPlan& plan) {
    std::string text;
    const auto append = [&text](const char* name, std::int64_t bytes) {
        if (bytes > 0) {
            text += (text.empty() ? "" : ", ") + std::string(name) + " " +
                    byteText(bytes, Rounding::up);
        }
    };
    append("weights", plan.weights);
    append("adapters", plan.adapters);
    append("KV cache", plan.kvCache);
    append("working memory", plan.scratch);
    if (plan.shared > 0) {
        text += ", less " + byteText(plan.shared, Rounding::down) + " that another model has there";
    }
    return text;
}

// What would fit, as the end of a sentence.
std::string adviceText(const PlanInput& input, std::int64_t freeBytes) {
    const std::int64_t context = input.session.contextSize;
    std::string advice;
    const auto append = [&advice](const std::string& what) {
        advice += (advice.empty() ? "" : ", ") + what;
    };
    if (const std::int64_t shorter = largestContext(input, freeBytes); shorter > 0) {
        append("a context of " + std::to_string(shorter) + " tokens");
    }
    if (input.session.kv == KvType::bf16 &&
        planFor(input, context, KvType::int8).total() <= freeBytes) {
        append("an INT8 KV cache");
    }
    if (!advice.empty()) {
        return "the KV cache is too big for it: " + advice + ", or the CPU would do.";
    }
    return std::string(input.what == Planned::modelAndSession
                           ? "the weights are too big for it: a variant of fewer bits"
                           : "even a short context is too big for it: a smaller variant") +
           " or the CPU would do.";
}

}  // namespace

MemoryPlan planMemory(const PlanInput& input) {
    MemoryPlan plan;
    if (input.what == Planned::modelAndSession) {
        const WeightBytes weights = deviceWeightBytes(input.weights);
        plan.weights = static_cast<std::int64_t>(weights.weights);
        plan.adapters = static_cast<std::int64_t>(weights.adapters);
        plan.shared = input.sharedBytes;
    }
    const SequenceBytes session =
        sequenceBytes(sequenceShape(input.weights, input.session, input.tokensPerPass));
    plan.kvCache = static_cast<std::int64_t>(session.kvCache);
    plan.scratch = static_cast<std::int64_t>(session.scratch);
    return plan;
}

Result<void> checkFits(const PlanInput& input, std::int64_t freeBytes) {
    const MemoryPlan plan = planMemory(input);
    if (plan.total() <= freeBytes) {
        return {};
    }
    const std::string who = input.what == Planned::modelAndSession ? "The model" : "The session";
    return Error{ErrorCode::outOfMemory,
                 who + " needs " + byteText(plan.total(), Rounding::up) + " of GPU memory (" +
                     termsText(plan) + " at a context of " +
                     std::to_string(input.session.contextSize) + " tokens), but " +
                     byteText(freeBytes, Rounding::down) + " are free; " +
                     adviceText(input, freeBytes)};
}

}  // namespace apertura::cuda
