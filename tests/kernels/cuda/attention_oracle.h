// Causal attention over a KV cache in float64, and what float32 may differ from it by.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "tests/kernels/cuda/kv_case.h"

namespace apertura::test {

struct AttentionShape {
    KvShape kv;
    std::int64_t headsPerKvHead, firstPosition, tokens;

    std::int64_t queryHeads() const { return kv.kvHeads * headsPerKvHead; }
    std::int64_t columns() const { return queryHeads() * kv.headDim; }
    std::string name() const {
        return "K " + std::to_string(kv.kvHeads) + " D " + std::to_string(kv.headDim) + " G " +
               std::to_string(headsPerKvHead) + " first " + std::to_string(firstPosition) + " T " +
               std::to_string(tokens);
    }
};

// One head of one token against `positions` keys and values. A score is a sum of D products, which
// rounds less than 40 times on the way to any lane's result: it is off by at most 40 eps of the sum
// of magnitudes, which changes its weight by as much. `roundings` is what the sum over the values
// adds, relative to the weighted magnitudes.
inline void compareHead(Findings& findings, const double* keys, const double* values,
                        const float* query, const float* attended, std::int64_t headDim,
                        std::int64_t positions, const std::string& where) {
    constexpr double kEpsilon = 0x1p-24;
    const double scale = 1.0 / std::sqrt(static_cast<double>(headDim));
    std::vector<double> scores(static_cast<std::size_t>(positions));
    double largest = -INFINITY;
    double largestMagnitude = 0.0;
    for (std::int64_t s = 0; s < positions; ++s) {
        double score = 0.0;
        double magnitude = 0.0;
        for (std::int64_t d = 0; d < headDim; ++d) {
            const double product = query[d] * keys[s * headDim + d] * scale;
            score += product;
            magnitude += std::abs(product);
        }
        scores[static_cast<std::size_t>(s)] = score;
        largest = std::max(largest, score);
        largestMagnitude = std::max(largestMagnitude, magnitude);
    }
    double sum = 0.0;
    for (double& score : scores) {
        score = std::exp(score - largest);
        sum += score;
    }
    const double roundings = 40 + static_cast<double>(positions);
    for (std::int64_t d = 0; d < headDim; ++d) {
        double expected = 0.0;
        double magnitude = 0.0;
        for (std::int64_t s = 0; s < positions; ++s) {
            const double product =
                scores[static_cast<std::size_t>(s)] / sum * values[s * headDim + d];
            expected += product;
            magnitude += std::abs(product);
        }
        const double tolerance =
            kEpsilon * magnitude * (2 * 40 * (largestMagnitude + 1) + roundings);
        if (!(std::abs(attended[d] - expected) <= tolerance)) {
            findings.fail(where + " dim " + std::to_string(d) + ": " + std::to_string(attended[d]) +
                          " for " + std::to_string(expected) + ", tolerance " +
                          std::to_string(tolerance));
            return;
        }
    }
}

inline void compareAttention(Findings& findings, const KvNumbers& cache,
                             const std::vector<float>& query, const std::vector<float>& attended,
                             const AttentionShape& shape) {
    const KvShape& kv = shape.kv;
    for (std::int64_t row = 0; row < shape.tokens * shape.queryHeads(); ++row) {
        const std::int64_t token = row / shape.queryHeads();
        const std::int64_t kvHead = row % shape.queryHeads() / shape.headsPerKvHead;
        const std::int64_t base = kvHead * kv.capacity * kv.headDim;
        compareHead(findings, cache.keys.data() + base, cache.values.data() + base,
                    query.data() + row * kv.headDim, attended.data() + row * kv.headDim, kv.headDim,
                    shape.firstPosition + token + 1, shape.name() + ": row " + std::to_string(row));
        if (!findings.failures().empty()) {
            return;
        }
    }
}

}  // namespace apertura::test
