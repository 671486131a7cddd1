// A lane's four activations on their way into planes: picked by the weight's order of inputs and
// scaled by its input scale.
#pragma once

#include <cstdint>
#include <cuda_fp16.h>

#include "kernels/cuda/device/quantize_group.h"
#include "kernels/quantized_matrix.h"

namespace apertura::kernels::cuda {

// What a quantized matrix does to its inputs before they are multiplied.
struct InputTransform {
    const __half* scale = nullptr;         // [I] by input, or null
    const std::uint32_t* order = nullptr;  // [I], or null
};

inline InputTransform inputTransform(const QuantizedMatrix& weight) {
    return {reinterpret_cast<const __half*>(weight.inputScale.data()), weight.inputOrder.data()};
}

// Four fp16 numbers as they lie in memory. Requires: 8-byte alignment.
__device__ inline float4 loadHalfQuad(const __half* source) {
    const uint2 bits = *reinterpret_cast<const uint2*>(source);
    const float2 first = __half22float2(*reinterpret_cast<const __half2*>(&bits.x));
    const float2 second = __half22float2(*reinterpret_cast<const __half2*>(&bits.y));
    return make_float4(first.x, first.y, second.x, second.y);
}

__device__ inline void scaleQuad(const __half* scale, float (&values)[kQuad]) {
    const float4 four = loadHalfQuad(scale);
    values[0] *= four.x;
    values[1] *= four.y;
    values[2] *= four.z;
    values[3] *= four.w;
}

// values = the numbers that packed positions first .. first + 3 multiply. Of the activations,
// numbers(i) gives input i and numbers.quad(i) inputs i .. i + 3. Requires: first a multiple of 4,
// the order 16-byte aligned.
template <typename Numbers>
__device__ inline void gatherQuad(const InputTransform& transform, int first,
                                  const Numbers& numbers, float (&values)[kQuad]) {
    if (transform.order == nullptr) {
        const float4 four = numbers.quad(first);
        values[0] = four.x;
        values[1] = four.y;
        values[2] = four.z;
        values[3] = four.w;
        if (transform.scale != nullptr) {
            scaleQuad(transform.scale + first, values);
        }
        return;
    }
    const uint4 inputs = *reinterpret_cast<const uint4*>(transform.order + first);
    const unsigned each[kQuad] = {inputs.x, inputs.y, inputs.z, inputs.w};
#pragma unroll
    for (int i = 0; i < kQuad; ++i) {
        values[i] = numbers(each[i]);
        if (transform.scale != nullptr) {
            values[i] *= __half2float(transform.scale[each[i]]);
        }
    }
}

}  // namespace apertura::kernels::cuda
