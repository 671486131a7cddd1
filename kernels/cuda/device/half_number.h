// Rounding to either 16-bit format, chosen at compile time.
#pragma once

#include <cstdint>
#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

template <NumberType type>
__device__ inline std::uint16_t halfBits(float value) {
    static_assert(type != NumberType::fp32);
    if constexpr (type == NumberType::bf16) {
        return __bfloat16_as_ushort(__float2bfloat16_rn(value));
    } else {
        return __half_as_ushort(__float2half_rn(value));
    }
}

}  // namespace apertura::kernels::cuda
