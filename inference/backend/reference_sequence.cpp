#include "inference/backend/reference_sequence.h"

#include <algorithm>
#include <new>

#include "inference/backend/layer_parts.h"

namespace apertura {

namespace {

std::int64_t largestRank(const ModelWeights& weights) {
    std::int64_t rank = 0;
    const auto see = [&rank](const kernels::Linear& linear) {
        rank = std::max(rank, linear.adapter ? linear.adapter->rank() : 0);
    };
    for (const LayerWeights& layer : weights.layers) {
        for (const auto* linear :
             {&layer.query, &layer.key, &layer.value, &layer.output, &layer.up, &layer.down}) {
            see(*linear);
        }
    }
    see(weights.head);
    return rank;
}

std::int64_t largestInput(const ModelConfig& config) {
    return std::max(
        {config.hiddenSize, config.intermediateSize, config.numAttentionHeads * config.headDim});
}

}  // namespace

ReferenceSequence::ReferenceSequence(const ModelWeights& weights, const SequenceOptions& options,
                                     std::int64_t maxTokens, int threads)
    : m_heads(weights.config.numKeyValueHeads),
      m_headDim(weights.config.headDim),
      m_contextSize(options.contextSize),
      m_threads(threads),
      m_layers(weights.layers.size()),
      m_scores(static_cast<std::size_t>(threads * options.contextSize)),
      // An adapter's rank may be above the layer's inputs, and its B reads rows of that length.
      m_linearScratch(threads, std::max(largestInput(weights.config), largestRank(weights)),
                      maxTokens, largestRank(weights)),
      m_ropeTable(ropeInverseFrequencies(weights.config.rope, weights.config.headDim)) {
    for (const Activation which : kActivations) {
        const std::int64_t width = activationWidth(weights.config, which);
        m_buffers[static_cast<std::size_t>(which)] = {
            width, std::vector<float>(static_cast<std::size_t>(maxTokens * width))};
    }
}

Result<void> ReferenceSequence::reserve(std::int64_t count) {
    CHECK(count <= m_contextSize);
    try {
        while (static_cast<std::int64_t>(m_layers.back().valueBlocks.size()) * kBlockPositions <
               count) {
            addBlock();
        }
        m_ropeTable.extend(static_cast<std::int64_t>(m_layers.back().valueBlocks.size()) *
                           kBlockPositions);
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::outOfMemory, "There is not enough memory for a KV cache of " +
                                                 std::to_string(count) + " tokens."};
    }
    return {};
}

// A block is one of each layer. A layer that has it already (after memory ran out half-way) keeps
// it.
void ReferenceSequence::addBlock() {
    const std::size_t blocks = m_layers.back().valueBlocks.size() + 1;
    const auto size = static_cast<std::size_t>(kBlockPositions * m_heads * m_headDim);
    const auto grow = [&](std::vector<std::vector<float>>& memory,
                          std::vector<const float*>& pointers) {
        if (memory.size() < blocks) {
            memory.emplace_back(size);
        }
        if (pointers.size() < blocks) {
            pointers.push_back(memory.back().data());
        }
    };
    for (LayerCache& layer : m_layers) {
        grow(layer.keys, layer.keyBlocks);
        grow(layer.values, layer.valueBlocks);
    }
}

std::int64_t ReferenceSequence::kvBytes() const {
    std::int64_t blocks = 0;
    for (const LayerCache& layer : m_layers) {
        blocks += static_cast<std::int64_t>(layer.keys.size() + layer.values.size());
    }
    return blocks * kBlockPositions * m_heads * m_headDim *
           static_cast<std::int64_t>(sizeof(float));
}

std::int64_t ReferenceSequence::scratchBytes() const {
    std::size_t numbers = m_scores.size();
    for (const Buffer& buffer : m_buffers) {
        numbers += buffer.values.size();
    }
    return static_cast<std::int64_t>(numbers * sizeof(float)) + m_linearScratch.byteCount() +
           m_ropeTable.byteCount();
}

kernels::Matrix<float> ReferenceSequence::activation(Activation which, std::int64_t tokens) {
    Buffer& buffer = m_buffers[static_cast<std::size_t>(which)];
    CHECK(tokens * buffer.width <= static_cast<std::int64_t>(buffer.values.size()));
    return {buffer.values.data(), tokens, buffer.width};
}

void ReferenceSequence::cacheKeyValue(std::int64_t layer, std::int64_t firstPosition,
                                      std::int64_t tokens) {
    LayerCache& cache = m_layers[static_cast<std::size_t>(layer)];
    const std::int64_t width = m_heads * m_headDim;
    const auto key = activation(Activation::key, tokens);
    const auto value = activation(Activation::value, tokens);
    for (std::int64_t t = 0; t < tokens; ++t) {
        const std::int64_t position = firstPosition + t;
        const auto block = static_cast<std::size_t>(position / kBlockPositions);
        const std::int64_t offset = position % kBlockPositions * width;
        std::copy_n(key.row(t).data(), width, cache.keys[block].data() + offset);
        std::copy_n(value.row(t).data(), width, cache.values[block].data() + offset);
    }
}

kernels::reference::KvView ReferenceSequence::cache(std::int64_t layer) const {
    const LayerCache& cache = m_layers[static_cast<std::size_t>(layer)];
    return {cache.keyBlocks, cache.valueBlocks, kBlockPositions, m_heads, m_headDim};
}

kernels::Matrix<float> ReferenceSequence::scores() {
    return {m_scores.data(), m_threads, m_contextSize};
}

}  // namespace apertura
