// Reading dense weights as floats: one number, or a lane's 16 bytes of a row.
#pragma once

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

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

template <typename Number>
inline constexpr int kNumbersPerLoad = 16 / static_cast<int>(sizeof(Number));

// 16 bytes of weights as floats, read once and not kept in the caches. Requires: 16-byte alignment.
__device__ inline void loadFloats(const __nv_bfloat16* source, float (&values)[8]) {
    const uint4 bits = __ldcs(reinterpret_cast<const uint4*>(source));
    const unsigned words[4] = {bits.x, bits.y, bits.z, bits.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        values[2 * i] = __uint_as_float(words[i] << 16);
        values[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000U);
    }
}

__device__ inline void loadFloats(const __half* source, float (&values)[8]) {
    const uint4 bits = __ldcs(reinterpret_cast<const uint4*>(source));
    const unsigned words[4] = {bits.x, bits.y, bits.z, bits.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        const float2 pair = __half22float2(*reinterpret_cast<const __half2*>(&words[i]));
        values[2 * i] = pair.x;
        values[2 * i + 1] = pair.y;
    }
}

__device__ inline void loadFloats(const float* source, float (&values)[4]) {
    const float4 bits = __ldcs(reinterpret_cast<const float4*>(source));
    values[0] = bits.x;
    values[1] = bits.y;
    values[2] = bits.z;
    values[3] = bits.w;
}

// sum + four weights times four activations, in this order.
__device__ inline float addProducts(const float* weights, float4 x, float sum) {
    sum += weights[0] * x.x;
    sum += weights[1] * x.y;
    sum += weights[2] * x.z;
    sum += weights[3] * x.w;
    return sum;
}

}  // namespace apertura::kernels::cuda
