// Causal attention of new tokens over the cached keys and values, several query heads sharing a KV
// head.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/matrix.h"
#include "kernels/thread_pool.h"

namespace apertura::kernels::reference {

// One layer's cached keys and values. Positions lie in blocks of `blockPositions`, so that memory
// can be added while a text grows. A block is [blockPositions, K, D].
struct KvView {
    std::span<const float* const> keyBlocks;
    std::span<const float* const> valueBlocks;
    std::int64_t blockPositions = 0;
    std::int64_t heads = 0;    // K
    std::int64_t headDim = 0;  // D

    const float* key(std::int64_t position, std::int64_t head) const {
        return at(keyBlocks, position, head);
    }
    const float* value(std::int64_t position, std::int64_t head) const {
        return at(valueBlocks, position, head);
    }

private:
    const float* at(std::span<const float* const> blocks, std::int64_t position,
                    std::int64_t head) const {
        return blocks[static_cast<std::size_t>(position / blockPositions)] +
               (position % blockPositions * heads + head) * headDim;
    }
};

// attended[t, h] = sum over s of softmax(query[t, h] . key[s, h'] / sqrt(D)) value[s, h'], for s <=
// firstPosition + t, with h' the KV head of query head h.
//
// Shapes:   query and attended [T, Q D]; scores [threads of the pool, at least firstPosition + T].
// Requires: positions up to firstPosition + T - 1 are in the cache; Q a multiple of K.
// Rounding: scores and their sum in float32 and float64, values added in the order of positions in
// float32.
void attention(const KvView& cache, Matrix<const float> query, Matrix<float> attended,
               Matrix<float> scores, std::int64_t firstPosition, ThreadPool& pool);

}  // namespace apertura::kernels::reference
