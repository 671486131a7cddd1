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

// Inputs that share one activation scale (fewer at the end of a row): four for each lane of a warp.
// Within it sums of products stay integers, so long as the weights share a scale too.
inline constexpr int kActivationGroup = 128;
// Inputs whose integer sum is stored, for the zero points, and inputs are a multiple of: the
// smallest group of weights.
inline constexpr int kRunInputs = 32;
inline constexpr int kLargestPlaneValue = 127 * 256;

constexpr std::int64_t activationGroups(std::int64_t inputs) {
    return (inputs + kActivationGroup - 1) / kActivationGroup;
}

// Views in device memory, 16-byte aligned. I is a multiple of kRunInputs.
struct ActivationPlanes {
    std::int8_t* high = nullptr;  // [T, I]
    std::int8_t* low = nullptr;   // [T, I]
    float* scale = nullptr;       // [T, activationGroups(I)]
    std::int32_t* sum = nullptr;  // [T, I / kRunInputs], of 256 * high + low
    std::int64_t tokens = 0;
    std::int64_t inputs = 0;  // I

    // Tokens [first, first + count), sharing the memory.
    ActivationPlanes tokenRange(std::int64_t first, std::int64_t count) const {
        return {high + first * inputs,
                low + first * inputs,
                scale + first * activationGroups(inputs),
                sum + first * (inputs / kRunInputs),
                count,
                inputs};
    }
};

}  // namespace apertura::kernels::cuda
