// Activations of a quantized product: 16-bit integers with a scale per group of inputs, split in
// two int8 planes so that dp4a multiplies them with 4- and 8-bit codes. Near lossless (relative
// error about 2^-16 of a group's largest value), and no FP16 that xIELU could overflow.
//
//   x[t, i] ~= scale * (256 * high[i] + low[i])    of the record of (t, i / kActivationGroup)
//
// with low in -128..127 and high in -128..127; the largest magnitude of a group is 32512 = 127 *
// 256. For a permuted weight (QuantizedMatrix::inputOrder) `i` counts packed positions, not inputs.
#pragma once

#include <cstddef>
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

// A group of one token. Records follow each other 72 words apart: what neighbouring teams of lanes
// read at the same place of theirs lies 8 banks of shared memory apart.
struct alignas(16) ActivationRecord {
    std::int8_t high[kActivationGroup];
    std::int8_t low[kActivationGroup];
    std::int32_t sum[kActivationGroup / kRunInputs];  // of 256 * high + low, by run
    float scale;
};
static_assert(sizeof(ActivationRecord) == 288);

// A view in device memory. I is a multiple of kRunInputs; what a row's last record has beyond I is
// neither written nor read.
struct ActivationPlanes {
    ActivationRecord* records = nullptr;  // [T, activationGroups(I)]
    std::int64_t tokens = 0;
    std::int64_t inputs = 0;  // I

    // Tokens [first, first + count), sharing the memory.
    ActivationPlanes tokenRange(std::int64_t first, std::int64_t count) const {
        return {records + first * activationGroups(inputs), count, inputs};
    }
};

// Bytes of the planes of T rows of I inputs.
constexpr std::size_t planeBytes(std::int64_t tokens, std::int64_t inputs) {
    return static_cast<std::size_t>(tokens * activationGroups(inputs)) * sizeof(ActivationRecord);
}

}  // namespace apertura::kernels::cuda
