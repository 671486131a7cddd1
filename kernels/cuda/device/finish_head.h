// The end of a head's projection: QK-norm, RoPE and the way into the cache, by a warp.
#pragma once

#include "kernels/cuda/device/kv_row.h"
#include "kernels/cuda/device/position.h"
#include "kernels/cuda/head_step.h"

namespace apertura::kernels::cuda {

enum class HeadRole { query, key, value };

// numbers [D] become those of RMSNorm. By a whole warp, which sees the result.
__device__ inline void normHead(const float* weight, float eps, int headDim, float* numbers) {
    const int lane = threadIdx.x % kWarpLanes;
    float squares = 0.0F;
    for (int d = lane; d < headDim; d += kWarpLanes) {
        squares += numbers[d] * numbers[d];
    }
    const float mean = warpSum(squares) / static_cast<float>(headDim);
    const float factor = 1.0F / sqrtf(mean + eps);
    for (int d = lane; d < headDim; d += kWarpLanes) {
        numbers[d] = weight[d] * (numbers[d] * factor);
    }
    __syncwarp();
}

// Turns the pairs (i, i + D/2) of numbers [D]. By a whole warp, which sees the result.
__device__ inline void turnHead(const float* cosines, const float* sines, int headDim,
                                float* numbers) {
    const int half = headDim / 2;
    for (int i = threadIdx.x % kWarpLanes; i < half; i += kWarpLanes) {
        const float a = numbers[i];
        const float b = numbers[half + i];
        numbers[i] = a * cosines[i] - b * sines[i];
        numbers[half + i] = b * cosines[i] + a * sines[i];
    }
    __syncwarp();
}

__device__ inline void cacheHead(const HeadStep& step, HeadRole role, int head,
                                 std::int64_t position, const float* numbers) {
    const KvCacheView& cache = step.cache;
    const auto headDim = static_cast<int>(cache.headDim);
    void* const target = role == HeadRole::key ? cache.keys : cache.values;
    std::uint16_t* const scales = role == HeadRole::key ? cache.keyScales : cache.valueScales;
    if (cache.format == KvFormat::bf16) {
        storeKvRow<KvFormat::bf16>(kvHead<KvFormat::bf16>(target, scales, cache, head), position,
                                   headDim, numbers);
    } else {
        storeKvRow<KvFormat::int8>(kvHead<KvFormat::int8>(target, scales, cache, head), position,
                                   headDim, numbers);
    }
}

// Token `token` of head `head` among those of its role. numbers [D] are the products, in shared
// memory, and are changed. By a whole warp, which sees them.
__device__ inline void finishHead(const HeadStep& step, HeadRole role, int head, int token,
                                  float* numbers) {
    const auto headDim = static_cast<int>(step.cache.headDim);
    const std::int64_t position = positionOf(step.firstPosition) + token;
    if (role != HeadRole::value) {
        normHead(role == HeadRole::query ? step.queryNorm : step.keyNorm, step.eps, headDim,
                 numbers);
        turnHead(step.cosines.data + position * step.cosines.stride,
                 step.sines.data + position * step.sines.stride, headDim, numbers);
    }
    if (role != HeadRole::query) {
        cacheHead(step, role, head, position, numbers);
        return;
    }
    float* const query = step.query.data + token * step.query.stride + head * headDim;
    for (int d = threadIdx.x % kWarpLanes; d < headDim; d += kWarpLanes) {
        query[d] = numbers[d];
    }
}

}  // namespace apertura::kernels::cuda
