// Activations of a quantized product: 16-bit integers with a scale per group of inputs, split in
// two int8 planes so that dp4a multiplies them with 4- and 8-bit codes. Near lossless (relative
// error about 2^-16 of a group's largest value), and no FP16 that xIELU could overflow.
//
//   x[t, i] ~= scale[t, i / kActivationGroup] * (256 * high[t, i] + low[t, i])
//
// with low in -128..127 and high in -128..127; the largest magnitude of a group is 32512 = 127 *
// 256. For a permuted weight (QuantizedMatrix::inputOrder) `i` counts packed positions, not inputs.
#pragma once

#include <cstdint>

namespace apertura::kernels::cuda {

// Inputs that share one activation scale, and inputs whose integer sum is stored (for the zero
// points): a lane of the matrix product takes so many at a time.
inline constexpr int kActivationGroup = 32;
inline constexpr int kLargestPlaneValue = 127 * 256;

// Views in device memory, 16-byte aligned. I is padded to a multiple of kActivationGroup with
// zeros.
struct ActivationPlanes {
    std::int8_t* high = nullptr;  // [T, I]
    std::int8_t* low = nullptr;   // [T, I]
    float* scale = nullptr;       // [T, I / kActivationGroup]
    std::int32_t* sum = nullptr;  // [T, I / kActivationGroup], of 256 * high + low
    std::int64_t tokens = 0;
    std::int64_t inputs = 0;  // I, padded

    // Tokens [first, first + count), sharing the memory.
    ActivationPlanes tokenRange(std::int64_t first, std::int64_t count) const {
        const std::int64_t groups = inputs / kActivationGroup;
        return {high + first * inputs,
                low + first * inputs,
                scale + first * groups,
                sum + first * groups,
                count,
                inputs};
    }
};

}  // namespace apertura::kernels::cuda
