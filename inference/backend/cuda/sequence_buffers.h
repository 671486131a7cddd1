// Everything that a session has on the device, and how much it is: the memory plan and the session
// lay the same pieces out, one counting, the other taking.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "inference/backend/backend.h"
#include "kernels/cuda/activations.h"
#include "kernels/cuda/attention_decode.h"
#include "kernels/cuda/device/arena.h"
#include "kernels/cuda/kv_cache.h"
#include "kernels/cuda/top_k.h"
#include "kernels/matrix.h"

namespace apertura::cuda {

// Rows of the language-model head that are computed and copied back at once.
inline constexpr std::int64_t kLogitRows = 8;

// What the sizes of a session's pieces follow from.
struct SequenceShape {
    const ModelConfig* config = nullptr;  // outlives this
    SequenceOptions options;
    std::int64_t maxTokens = 0;     // of one pass
    std::int64_t largestInput = 0;  // I of any quantized linear
    std::int64_t largestRank = 0;   // R of any adapter
    std::size_t prefillBytes = 0;   // scratch of PrefillMatmul
};

// `tokensPerPass` is what the backend takes at most; a session takes no more than its context.
// Requires: the device that will compute is the thread's current one.
SequenceShape sequenceShape(const ModelWeights& weights, const SequenceOptions& options,
                            std::int64_t tokensPerPass);

struct SequenceBuffers {
    std::array<kernels::Matrix<float>, 8> activations;  // [maxTokens, ..], by Activation
    kernels::cuda::ActivationPlanes planes;             // room for kMaxDecodeRows tokens
    float* adapterInput = nullptr;                      // [maxTokens, R], A x; room for
    std::int64_t adapterSlot = 0;                       // three of so many numbers, kMaxDecodeRows
    kernels::Matrix<float> logits;                      // [kLogitRows, V]
    kernels::cuda::TopK* best = nullptr;                // of one row of them
    std::byte* bestScratch = nullptr;                   // for kMaxTopK of V
    std::int32_t* position = nullptr;                   // where a replayed pass stands
    kernels::Matrix<float> cosines;                     // [contextSize, D/2]
    kernels::Matrix<float> sines;                       // [contextSize, D/2]
    kernels::cuda::AttentionScratch attentionScratch;
    std::span<std::byte> prefillScratch;
    std::vector<kernels::cuda::KvCacheView> layers;

    // The planes as `tokens` rows of `inputs` numbers.
    kernels::cuda::ActivationPlanes planesOf(std::int64_t tokens, std::int64_t inputs) const {
        kernels::cuda::ActivationPlanes view = planes;
        view.tokens = tokens;
        view.inputs = inputs;
        return view;
    }
};

// Bytes of an arena, alignment included.
struct SequenceBytes {
    std::size_t kvCache = 0;
    std::size_t scratch = 0;  // all but the KV cache

    std::size_t total() const { return kvCache + scratch; }
};

SequenceBytes sequenceBytes(const SequenceShape& shape);
// Requires: an arena of sequenceBytes(shape).total() that nothing has been taken from.
SequenceBuffers layOutSequence(const SequenceShape& shape, kernels::cuda::DeviceArena& arena);

}  // namespace apertura::cuda
