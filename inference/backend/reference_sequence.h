// A sequence of the reference backend: activations and KV cache in float32.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "inference/backend/backend.h"
#include "inference/model/rope_table.h"
#include "kernels/reference/attention.h"
#include "kernels/reference/linear.h"

namespace apertura {

class ReferenceSequence : public Sequence {
public:
    // Positions whose keys and values are allocated together.
    static constexpr std::int64_t kBlockPositions = 256;

    // Throws std::bad_alloc.
    ReferenceSequence(const ModelWeights& weights, const SequenceOptions& options,
                      std::int64_t maxTokens, int threads);

    Result<void> reserve(std::int64_t count) override;
    std::int64_t kvBytes() const override;
    std::int64_t scratchBytes() const override;

    // The first `tokens` rows.
    kernels::Matrix<float> activation(Activation which, std::int64_t tokens);
    // Copies `tokens` rows of key and value to the cache of `layer`.
    void cacheKeyValue(std::int64_t layer, std::int64_t firstPosition, std::int64_t tokens);
    kernels::reference::KvView cache(std::int64_t layer) const;
    // Shapes: [threads, contextSize].
    kernels::Matrix<float> scores();
    kernels::reference::LinearScratch& linearScratch() { return m_linearScratch; }
    const RopeTable& ropeTable() const { return m_ropeTable; }

private:
    struct LayerCache {
        std::vector<std::vector<float>> keys;  // blocks of [kBlockPositions, K, D]
        std::vector<std::vector<float>> values;
        std::vector<const float*> keyBlocks;  // the same, as the kernel takes them
        std::vector<const float*> valueBlocks;
    };
    struct Buffer {
        std::int64_t width = 0;
        std::vector<float> values;  // [maxTokens, width]
    };

    void addBlock();

    std::int64_t m_heads;    // K
    std::int64_t m_headDim;  // D
    std::int64_t m_contextSize;
    int m_threads;
    std::array<Buffer, 8> m_buffers;  // by Activation
    std::vector<LayerCache> m_layers;
    std::vector<float> m_scores;
    kernels::reference::LinearScratch m_linearScratch;
    RopeTable m_ropeTable;
};

}  // namespace apertura
