// What a model and a session will take on a device, against what is free, before anything is
// loaded.
#pragma once

#include <cstdint>

#include "inference/backend/cuda/sequence_buffers.h"
#include "inference/status.h"
#include "inference/weights/checkpoint.h"

namespace apertura::cuda {

// Bytes on the device.
struct MemoryPlan {
    std::int64_t weights = 0;  // matrices, norms and the head; the embedding table stays outside
    std::int64_t adapters = 0;
    std::int64_t kvCache = 0;
    std::int64_t scratch = 0;
    std::int64_t shared = 0;  // of weights and adapters, there already for another model

    std::int64_t total() const { return weights + adapters + kvCache + scratch - shared; }
};

enum class Planned { modelAndSession, session };

// What is planned: both before loading, the session alone once the model is there.
struct PlanInput {
    const ModelWeights& weights;
    SequenceOptions session;
    std::int64_t tokensPerPass = 0;
    Planned what = Planned::modelAndSession;
    std::int64_t sharedBytes = 0;  // MemoryPlan::shared
};

MemoryPlan planMemory(const PlanInput& input);

// Errors: outOfMemory where the plan is above `freeBytes`; the sentence names the terms, the one
// that is too big, and what would fit.
Result<void> checkFits(const PlanInput& input, std::int64_t freeBytes);

}  // namespace apertura::cuda
