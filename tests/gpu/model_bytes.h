// What one token must read of a model at the least.
#pragma once

#include <cstdint>
#include <variant>

#include "inference/weights/checkpoint.h"

namespace apertura::test {

// Codes, scales, zeros, input scales and orders, padding to blocks of 16 rows included.
inline std::int64_t matrixBytes(const kernels::Linear& linear) {
    std::int64_t bytes = 0;
    for (const kernels::LinearBlock& block : linear.blocks) {
        bytes += std::visit([](const auto& matrix) { return matrix.byteCount(); }, block.matrix);
    }
    return bytes;
}

inline std::int64_t adapterBytes(const kernels::Linear& linear) {
    return linear.adapter ? linear.adapter->a.byteCount() + linear.adapter->b.byteCount() : 0;
}

// Of one layer, adapters included.
inline std::int64_t layerBytes(const LayerWeights& layer) {
    std::int64_t bytes = 0;
    for (const kernels::Linear* linear :
         {&layer.query, &layer.key, &layer.value, &layer.output, &layer.up, &layer.down}) {
        bytes += matrixBytes(*linear) + adapterBytes(*linear);
    }
    for (const std::vector<float>* norm :
         {&layer.attentionNorm, &layer.feedforwardNorm, &layer.queryNorm, &layer.keyNorm}) {
        bytes += static_cast<std::int64_t>(norm->size() * sizeof(float));
    }
    return bytes;
}

// Keys and values of one position in one layer, BF16.
inline std::int64_t kvBytesPerPosition(const ModelConfig& config) {
    return 2 * config.numKeyValueHeads * config.headDim * 2;
}

}  // namespace apertura::test
