// The sums of a warp's rows, spread over its lanes as the inner product leaves them, and brought
// together.
#pragma once

#include "kernels/cuda/device/quantized_run.h"

namespace apertura::kernels::cuda {

// Row blocks that a warp takes at once: two where registers allow, so that a load of activations
// serves both and as many loads of codes are in flight as for 8 bits.
template <CodeBits bits, int kTokens>
inline constexpr int kWarpBlocks = bits == CodeBits::four&& kTokens <= 2 ? 2 : 1;

// The lane's sums: row 4 (lane % 4) + r of each of its row blocks and each token.
template <int kBlocks, int kTokens>
struct RowSums {
    static constexpr int kCount = kBlocks * kTokens * kLaneRows;

    float values[kCount];

    __device__ float& at(int block, int token, int r) {
        return values[(block * kTokens + token) * kLaneRows + r];
    }
};

// The sums are added up over the teams while they are shared out among them: in each round a lane
// gives half of its sums to the team that differs in one bit and takes the other half, so that it
// ends with the totals of kShare of them. A fixed order.
template <int kCount>
inline constexpr int kShare = kCount >= kTeams ? kCount / kTeams : 1;

template <int kCount, int kStep, int kBlocks, int kTokens>
__device__ inline void shareOut(RowSums<kBlocks, kTokens>& sums) {
    if constexpr (kStep < kWarpLanes) {
        constexpr int kHalf = kCount > 1 ? kCount / 2 : 1;
        const bool takesUpper = (threadIdx.x & kStep) != 0;
#pragma unroll
        for (int i = 0; i < kHalf; ++i) {
            const float lower = sums.values[i];
            const float upper = kCount > 1 ? sums.values[kHalf + i] : lower;
            const float kept = takesUpper ? upper : lower;
            const float given = takesUpper ? lower : upper;
            sums.values[i] = kept + __shfl_xor_sync(kAllLanes, given, kStep);
        }
        shareOut<kHalf, kStep * 2>(sums);
    }
}

template <int kBlocks, int kTokens>
__device__ inline void sumOverTeams(RowSums<kBlocks, kTokens>& sums) {
    shareOut<RowSums<kBlocks, kTokens>::kCount, kTeamLanes>(sums);
}

// Writes the totals that sumOverTeams() left with the lanes, kBlocks * 16 rows for each token, to
// where the warps meet.
template <int kBlocks, int kTokens, int kRows>
__device__ inline void storeRowSums(const RowSums<kBlocks, kTokens>& sums,
                                    float (&target)[kTokens][kRows]) {
    static_assert(kRows == kBlocks * kBlockRows);
    constexpr int kCount = RowSums<kBlocks, kTokens>::kCount;
    const int lane = threadIdx.x % kWarpLanes;
    // The first round halves the sums by the lowest bit of the team, and so on.
    int first = 0;
    for (int step = kTeamLanes, half = kCount / 2; half > 0 && step < kWarpLanes;
         step *= 2, half /= 2) {
        first += (lane & step) != 0 ? half : 0;
    }
#pragma unroll
    for (int i = 0; i < kShare<kCount>; ++i) {
        const int at = first + i;
        const int block = at / (kTokens * kLaneRows);
        const int token = at / kLaneRows % kTokens;
        const int row = lane % kTeamLanes * kLaneRows + at % kLaneRows;
        target[token][block * static_cast<int>(kBlockRows) + row] = sums.values[i];
    }
}

}  // namespace apertura::kernels::cuda
