// A QuantizedMatrix as kernels take it: raw pointers, and how a lane goes through its groups.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/activations.h"
#include "kernels/cuda/device/dp4a.h"
#include "kernels/quantized_matrix.h"

namespace apertura::kernels::cuda {

// Runs that a lane takes in a row at most: those of an activation group.
inline constexpr int kMostSpanRuns = kActivationGroup / kRunInputs;
static_assert(kMostSpanRuns == 4);

enum class ZeroKind { symmetric, integer, real };

// What a kernel needs of a QuantizedMatrix, as raw pointers.
struct PackedWeight {
    const std::byte* codes = nullptr;
    const std::uint16_t* scales = nullptr;
    const std::uint8_t* integerZeros = nullptr;
    const std::uint16_t* realZeros = nullptr;
    int runs = 0;           // I / 32
    int spanRuns = 0;       // runs that a lane takes in a row, of one group: 1, 2 or 4
    int spans = 0;          // I / 32 / spanRuns
    int spansPerGroup = 0;  // group size / 32 / spanRuns
    int groups = 0;
    int outputs = 0;
    int symmetricZero = 0;
};

inline PackedWeight packedWeight(const QuantizedMatrix& weight) {
    PackedWeight packed;
    packed.codes = weight.codes.data();
    packed.scales = weight.scales.data();
    packed.integerZeros = weight.integerZeros.empty() ? nullptr : weight.integerZeros.data();
    packed.realZeros = weight.realZeros.empty() ? nullptr : weight.realZeros.data();
    packed.runs = static_cast<int>(weight.inputs / kRunInputs);
    const int runsPerGroup = static_cast<int>(weight.groupSize / kRunInputs);
    packed.spanRuns = runsPerGroup % 4 == 0 ? 4 : runsPerGroup % 2 == 0 ? 2 : 1;
    packed.spans = packed.runs / packed.spanRuns;
    packed.spansPerGroup = runsPerGroup / packed.spanRuns;
    packed.groups = static_cast<int>(weight.groups());
    packed.outputs = static_cast<int>(weight.outputs);
    packed.symmetricZero = weight.symmetricZero;
    return packed;
}

inline ZeroKind zeroKind(const QuantizedMatrix& weight) {
    if (!weight.integerZeros.empty()) {
        return ZeroKind::integer;
    }
    return weight.realZeros.empty() ? ZeroKind::symmetric : ZeroKind::real;
}

// What the product of codes and inputs begins with in each of the lane's rows, to be less that of
// integer zeros. Real ones are taken off at the end.
template <ZeroKind zeros>
struct RowOffsets {
    unsigned bytes = 0;  // a zero for each row
    int symmetricZero = 0;

    __device__ RowOffsets(const PackedWeight& weight, int scaleAt) {
        if constexpr (zeros == ZeroKind::integer) {
            bytes = *reinterpret_cast<const unsigned*>(weight.integerZeros + scaleAt);
        } else if constexpr (zeros == ZeroKind::symmetric) {
            symmetricZero = weight.symmetricZero;
        }
    }
    __device__ int offset(int row, int inputSum) const {
        if constexpr (zeros == ZeroKind::integer) {
            const auto zero = static_cast<int>(__byte_perm(bytes, 0, 0x4440 + row));
            return multiplyAdd(zero, -inputSum, 0);
        }
        return -symmetricZero * inputSum;
    }
};

}  // namespace apertura::kernels::cuda
