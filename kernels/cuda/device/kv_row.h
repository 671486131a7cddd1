// Rows of the KV cache: one position of one head, read by octets and written by a warp.
#pragma once

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels/cuda/device/dense_row.h"
#include "kernels/cuda/device/warp.h"
#include "kernels/cuda/kv_cache.h"

namespace apertura::kernels::cuda {

// Head dims are multiples of 8; a lane reads so many numbers of a row at a time: 16 bytes of BF16.
inline constexpr int kOctet = 8;
inline constexpr int kLargestKvCode = 127;

// One head's keys or values: [positions, D] and, for int8, a scale per position.
struct KvHead {
    void* numbers = nullptr;
    __half* scales = nullptr;
};

template <KvFormat format>
__device__ inline KvHead kvHead(void* numbers, std::uint16_t* scales, const KvCacheView& cache,
                                int head) {
    constexpr int kBytes = format == KvFormat::bf16 ? 2 : 1;
    const std::int64_t row = head * cache.capacity;
    return {static_cast<std::byte*>(numbers) + row * cache.headDim * kBytes,
            format == KvFormat::int8 ? reinterpret_cast<__half*>(scales) + row : nullptr};
}

// Eight neighbouring numbers as they lie in memory.
template <KvFormat format>
struct KvOctet;
template <>
struct KvOctet<KvFormat::bf16> {
    uint4 bits;
};
template <>
struct KvOctet<KvFormat::int8> {
    uint2 bits;
};

template <KvFormat format>
__device__ inline KvOctet<format> loadOctet(const KvHead& head, std::int64_t number) {
    if constexpr (format == KvFormat::bf16) {
        const auto* const numbers = static_cast<const __nv_bfloat16*>(head.numbers);
        return {*reinterpret_cast<const uint4*>(numbers + number)};
    } else {
        const auto* const numbers = static_cast<const std::int8_t*>(head.numbers);
        return {*reinterpret_cast<const uint2*>(numbers + number)};
    }
}

// The octet as floats, an int8 scale left out.
__device__ inline void toFloats(const KvOctet<KvFormat::bf16>& octet, float (&values)[kOctet]) {
    const unsigned words[4] = {octet.bits.x, octet.bits.y, octet.bits.z, octet.bits.w};
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        values[2 * i] = __uint_as_float(words[i] << 16);
        values[2 * i + 1] = __uint_as_float(words[i] & 0xFFFF0000U);
    }
}

__device__ inline void toFloats(const KvOctet<KvFormat::int8>& octet, float (&values)[kOctet]) {
    const unsigned words[2] = {octet.bits.x, octet.bits.y};
#pragma unroll
    for (int i = 0; i < kOctet; ++i) {
        const unsigned byte = words[i / 4] >> (i % 4 * 8);
        values[i] = static_cast<float>(static_cast<std::int8_t>(byte & 0xFFU));
    }
}

template <KvFormat format>
__device__ inline float kvScale(const KvHead& head, std::int64_t position) {
    if constexpr (format == KvFormat::bf16) {
        return 1.0F;
    } else {
        return __half2float(head.scales[position]);
    }
}

// Writes source[0 .. D) to `position`. By a whole warp.
template <KvFormat format>
__device__ inline void storeKvRow(const KvHead& head, std::int64_t position, int headDim,
                                  const float* source) {
    const int lane = threadIdx.x % kWarpLanes;
    const std::int64_t first = position * headDim;
    if constexpr (format == KvFormat::bf16) {
        auto* const numbers = static_cast<__nv_bfloat16*>(head.numbers) + first;
        for (int d = lane; d < headDim; d += kWarpLanes) {
            numbers[d] = __float2bfloat16_rn(source[d]);
        }
    } else {
        float largest = 0.0F;
        bool isFinite = true;
        for (int d = lane; d < headDim; d += kWarpLanes) {
            largest = fmaxf(largest, fabsf(source[d]));
            isFinite = isFinite && isfinite(source[d]);
        }
        isFinite = __all_sync(kAllLanes, isFinite);
        const __half scale =
            isFinite ? __float2half_rn(warpMax(largest) / kLargestKvCode) : __float2half_rn(NAN);
        const float rounded = __half2float(scale);
        const float inverse = rounded > 0.0F ? 1.0F / rounded : 0.0F;
        auto* const numbers = static_cast<std::int8_t*>(head.numbers) + first;
        for (int d = lane; d < headDim; d += kWarpLanes) {
            const int code = __float2int_rn(source[d] * inverse);
            numbers[d] = static_cast<std::int8_t>(max(-kLargestKvCode, min(kLargestKvCode, code)));
        }
        if (lane == 0) {
            head.scales[position] = scale;
        }
    }
}

}  // namespace apertura::kernels::cuda
