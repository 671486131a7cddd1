// Sixteen rows of a quantized matrix times the activations of some tokens, by one warp.
#pragma once

#include "kernels/cuda/device/quantized_run.h"
#include "kernels/quantized_matrix.h"

namespace apertura::kernels::cuda {

enum class ZeroKind { symmetric, integer, real };

// What a kernel needs of a QuantizedMatrix, as raw pointers.
struct PackedWeight {
    const std::byte* codes = nullptr;
    const std::uint16_t* scales = nullptr;
    const std::uint8_t* integerZeros = nullptr;
    const std::uint16_t* realZeros = nullptr;
    int runs = 0;          // I / 32
    int runsPerGroup = 0;  // group size / 32
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
    packed.runsPerGroup = static_cast<int>(weight.groupSize / kRunInputs);
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

// Adds the lane's share of runs `worker`, `worker` + `workers`, .. (in units of 8 runs) to
// sums[t].row[r], row 4 (lane % 4) + r of row block `block`. The planes may lie in shared or global
// memory.
template <CodeBits bits, ZeroKind zeros, int kTokens>
__device__ inline void accumulateRows(const PackedWeight& weight, int block, int worker,
                                      int workers, const ActivationPlanes& x,
                                      RowValues (&sums)[kTokens]) {
    const int lane = threadIdx.x % kWarpLanes;
    const int team = lane / kTeamLanes;
    const int firstRow = lane % kTeamLanes * kLaneRows;
    const std::byte* codes = weight.codes +
                             static_cast<std::int64_t>(block) * weight.runs * kRunBytes<bits> +
                             firstRow * 4;
    for (int run = worker * kTeams + team; run < weight.runs; run += workers * kTeams) {
        const RunCodes<bits> words =
            loadRun<bits>(codes + static_cast<std::int64_t>(run) * kRunBytes<bits>);
        const int scaleAt =
            (block * weight.groups + run / weight.runsPerGroup) * static_cast<int>(kBlockRows) +
            firstRow;
        const RowValues scale = loadHalves(weight.scales + scaleAt);
        RowValues realZero;
        uchar4 integerZero;
        if constexpr (zeros == ZeroKind::real) {
            realZero = loadHalves(weight.realZeros + scaleAt);
        } else if constexpr (zeros == ZeroKind::integer) {
            integerZero = *reinterpret_cast<const uchar4*>(weight.integerZeros + scaleAt);
        }
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            const std::int64_t at = static_cast<std::int64_t>(t) * weight.runs + run;
            const RunPlane high = loadPlane(x.high + at * kRunInputs);
            const RunPlane low = loadPlane(x.low + at * kRunInputs);
            const float xScale = x.scale[at];
            const int xSum = x.sum[at];
#pragma unroll
            for (int r = 0; r < kLaneRows; ++r) {
                const int product = runSum<bits>(words, r, high, low);
                float centred;
                if constexpr (zeros == ZeroKind::symmetric) {
                    centred = static_cast<float>(product - weight.symmetricZero * xSum);
                } else if constexpr (zeros == ZeroKind::integer) {
                    const int zero = r == 0   ? integerZero.x
                                     : r == 1 ? integerZero.y
                                     : r == 2 ? integerZero.z
                                              : integerZero.w;
                    centred = static_cast<float>(product - zero * xSum);
                } else {
                    centred =
                        static_cast<float>(product) - realZero.row[r] * static_cast<float>(xSum);
                }
                sums[t].row[r] += scale.row[r] * xScale * centred;
            }
        }
    }
}

// Sums over the teams; every lane of a column of teams gets its rows' totals.
template <int kTokens>
__device__ inline void sumOverTeams(RowValues (&sums)[kTokens]) {
#pragma unroll
    for (int t = 0; t < kTokens; ++t) {
#pragma unroll
        for (int r = 0; r < kLaneRows; ++r) {
            for (int step = kTeamLanes; step < kWarpLanes; step *= 2) {
                sums[t].row[r] += __shfl_xor_sync(kAllLanes, sums[t].row[r], step);
            }
        }
    }
}

}  // namespace apertura::kernels::cuda
