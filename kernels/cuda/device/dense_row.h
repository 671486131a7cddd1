// Reading dense weights as floats, and multiplying a few rows of them.
#pragma once

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels/cuda/device/warp.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

__device__ inline float toFloat(__nv_bfloat16 value) {
    return __bfloat162float(value);
}
__device__ inline float toFloat(__half value) {
    return __half2float(value);
}
__device__ inline float toFloat(float value) {
    return value;
}

// Numbers that a lane reads at once, of weights and of activations alike: the lanes of a warp then
// read whole sectors of both.
inline constexpr int kDenseQuad = 4;

// Four weights as floats, read once and not kept in the caches. Requires: 8-byte alignment, of
// floats 16.
__device__ inline void loadFloats(const __nv_bfloat16* source, float (&values)[kDenseQuad]) {
    const uint2 bits = __ldcs(reinterpret_cast<const uint2*>(source));
    values[0] = __uint_as_float(bits.x << 16);
    values[1] = __uint_as_float(bits.x & 0xFFFF0000U);
    values[2] = __uint_as_float(bits.y << 16);
    values[3] = __uint_as_float(bits.y & 0xFFFF0000U);
}

__device__ inline void loadFloats(const __half* source, float (&values)[kDenseQuad]) {
    const uint2 bits = __ldcs(reinterpret_cast<const uint2*>(source));
    const float2 first = __half22float2(*reinterpret_cast<const __half2*>(&bits.x));
    const float2 second = __half22float2(*reinterpret_cast<const __half2*>(&bits.y));
    values[0] = first.x;
    values[1] = first.y;
    values[2] = second.x;
    values[3] = second.y;
}

__device__ inline void loadFloats(const float* source, float (&values)[kDenseQuad]) {
    const float4 bits = __ldcs(reinterpret_cast<const float4*>(source));
    values[0] = bits.x;
    values[1] = bits.y;
    values[2] = bits.z;
    values[3] = bits.w;
}

// sum + four weights times four activations, in this order.
__device__ inline float addProducts(const float (&weights)[kDenseQuad], float4 x, float sum) {
    sum += weights[0] * x.x;
    sum += weights[1] * x.y;
    sum += weights[2] * x.z;
    sum += weights[3] * x.w;
    return sum;
}

// Activations as they lie in memory: operator()(t, i) gives inputs i .. i + 3 of token t.
struct StoredInput {
    Matrix<const float> x;  // rows 16-byte aligned

    __device__ float4 operator()(int t, std::int64_t i) const {
        return *reinterpret_cast<const float4*>(x.data + t * x.stride + i);
    }
};

// Adds the lane's share of rows[r] . input t to sums[r][t], for the first `count` of kRows
// neighbouring rows of I = `columns`: quads of inputs are dealt to the lanes of `workers` warps, of
// which this is number `worker`. Requires: I a multiple of 4, rows aligned as loadFloats() has it.
template <int kRows, int kTokens, typename Number, typename Input>
__device__ inline void accumulateDenseRows(const Number* rows, std::int64_t columns, int count,
                                           int worker, int workers, const Input& input,
                                           float (&sums)[kRows][kTokens]) {
    const int lane = worker * kWarpLanes + threadIdx.x % kWarpLanes;
    for (std::int64_t i = lane * kDenseQuad; i < columns; i += workers * kWarpLanes * kDenseQuad) {
        float weights[kRows][kDenseQuad] = {};
#pragma unroll
        for (int r = 0; r < kRows; ++r) {
            if (r < count) {
                loadFloats(rows + r * columns + i, weights[r]);
            }
        }
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            const float4 x = input(t, i);
#pragma unroll
            for (int r = 0; r < kRows; ++r) {
                sums[r][t] = addProducts(weights[r], x, sums[r][t]);
            }
        }
    }
}

}  // namespace apertura::kernels::cuda
