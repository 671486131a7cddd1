#include "inference/backend/cuda/sequence_buffers.h"

#include <algorithm>

#include "inference/backend/layer_parts.h"
#include "kernels/cuda/prefill_matmul.h"
#include "kernels/cuda/quantized_matmul.h"

namespace apertura::cuda {

namespace {

namespace ops = kernels::cuda;
using kernels::Matrix;

// Takes like a DeviceArena, but only counts.
class ArenaMeasure {
public:
    template <typename T>
    T* take(std::size_t count) {
        m_used += ops::arenaBytes(count * sizeof(T));
        return nullptr;
    }
    std::size_t used() const { return m_used; }

private:
    std::size_t m_used = 0;
};

template <typename Arena>
Matrix<float> takeMatrix(Arena& arena, std::int64_t rows, std::int64_t columns) {
    return {arena.template take<float>(static_cast<std::size_t>(rows * columns)), rows, columns};
}

template <typename Arena>
ops::ActivationPlanes takePlanes(Arena& arena, std::int64_t inputs) {
    ops::ActivationPlanes planes;
    planes.tokens = ops::kMaxDecodeRows;
    planes.inputs = inputs;
    planes.records = arena.template take<ops::ActivationRecord>(
        static_cast<std::size_t>(planes.tokens * ops::activationGroups(inputs)));
    return planes;
}

ops::KvFormat kvFormat(KvType kv) {
    switch (kv) {
        case KvType::bf16:
            break;
        case KvType::int8:
            return ops::KvFormat::int8;
    }
    return ops::KvFormat::bf16;
}

std::size_t layerKvBytes(const SequenceShape& shape) {
    return ops::kvBytes(kvFormat(shape.options.kv), shape.options.contextSize,
                        shape.config->numKeyValueHeads, shape.config->headDim);
}

std::size_t attentionBytes(const SequenceShape& shape) {
    return ops::attentionScratchBytes(shape.options.contextSize, shape.config->numAttentionHeads,
                                      shape.config->headDim, ops::kMaxAttendedTokens);
}

// Numbers of A x for a decoding step, the next ones 16-byte aligned.
std::int64_t adapterSlot(std::int64_t rank) {
    constexpr std::int64_t kQuad = 4;
    return ops::kMaxDecodeRows * ((rank + kQuad - 1) / kQuad * kQuad);
}

template <typename Arena>
SequenceBuffers takeScratch(Arena& arena, const SequenceShape& shape) {
    const ModelConfig& config = *shape.config;
    SequenceBuffers buffers;
    for (const Activation which : kActivations) {
        buffers.activations[static_cast<std::size_t>(which)] =
            takeMatrix(arena, shape.maxTokens, activationWidth(config, which));
    }
    buffers.planes = takePlanes(arena, shape.largestInput);
    buffers.adapterSlot = adapterSlot(shape.largestRank);
    buffers.adapterInput = arena.template take<float>(static_cast<std::size_t>(
        std::max(shape.maxTokens * shape.largestRank, 3 * buffers.adapterSlot)));
    buffers.logits = takeMatrix(arena, kLogitRows, config.outputVocabSize);
    buffers.best = arena.template take<ops::TopK>(1);
    buffers.bestScratch = arena.template take<std::byte>(ops::topKScratchBytes(
        config.outputVocabSize, std::min(ops::kMaxTopK, config.outputVocabSize)));
    buffers.position = arena.template take<std::int32_t>(1);
    buffers.cosines = takeMatrix(arena, shape.options.contextSize, config.headDim / 2);
    buffers.sines = takeMatrix(arena, shape.options.contextSize, config.headDim / 2);
    return buffers;
}

}  // namespace

SequenceShape sequenceShape(const ModelWeights& weights, const SequenceOptions& options,
                            std::int64_t tokensPerPass) {
    SequenceShape shape;
    shape.config = &weights.config;
    shape.options = options;
    shape.maxTokens = std::min(tokensPerPass, options.contextSize);
    const kernels::NumberType type = ops::prefillNumberType();
    const auto see = [&shape, type](const kernels::Linear& linear) {
        shape.largestInput = std::max(shape.largestInput, linear.inputs);
        shape.largestRank =
            std::max(shape.largestRank, linear.adapter ? linear.adapter->rank() : 0);
        shape.prefillBytes = std::max(
            shape.prefillBytes, ops::PrefillMatmul::scratchBytes(linear, shape.maxTokens, type));
    };
    for (const LayerWeights& layer : weights.layers) {
        for (const auto* linear :
             {&layer.query, &layer.key, &layer.value, &layer.output, &layer.up, &layer.down}) {
            see(*linear);
        }
    }
    // The head is computed for few rows at a time, never by PrefillMatmul.
    shape.largestInput = std::max(shape.largestInput, weights.head.inputs);
    shape.largestRank =
        std::max(shape.largestRank, weights.head.adapter ? weights.head.adapter->rank() : 0);
    return shape;
}

SequenceBytes sequenceBytes(const SequenceShape& shape) {
    ArenaMeasure scratch;
    takeScratch(scratch, shape);
    const auto layers = static_cast<std::size_t>(shape.config->numHiddenLayers);
    return {layers * ops::arenaBytes(layerKvBytes(shape)),
            scratch.used() + ops::arenaBytes(attentionBytes(shape)) +
                ops::arenaBytes(shape.prefillBytes)};
}

SequenceBuffers layOutSequence(const SequenceShape& shape, ops::DeviceArena& arena) {
    SequenceBuffers buffers = takeScratch(arena, shape);
    buffers.attentionScratch = ops::attentionScratchAt(
        arena.take(attentionBytes(shape)), shape.options.contextSize,
        shape.config->numAttentionHeads, shape.config->headDim, ops::kMaxAttendedTokens);
    buffers.prefillScratch = {arena.take(shape.prefillBytes), shape.prefillBytes};
    for (std::int64_t layer = 0; layer < shape.config->numHiddenLayers; ++layer) {
        buffers.layers.push_back(ops::kvCacheAt(
            arena.take(layerKvBytes(shape)), kvFormat(shape.options.kv), shape.options.contextSize,
            shape.config->numKeyValueHeads, shape.config->headDim));
    }
    CHECK(arena.used() == sequenceBytes(shape).total());
    return buffers;
}

}  // namespace apertura::cuda
