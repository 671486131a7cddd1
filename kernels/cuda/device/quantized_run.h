// The inner product of the packed layout (kernels/packed_layout.h) on a warp.
//
// A *run* is 32 inputs of a block of 16 rows: 4 chunks of 4-bit codes or 8 chunks of 8-bit codes. A
// warp takes 8 runs at a time: lane l belongs to team l / 4, which takes one run, and holds rows 4
// (l % 4) .. + 3 of it, 16 bytes of each chunk. All of a lane's products share one scale and zero,
// since groups are multiples of 32, so integer sums become floats only once per run.
#pragma once

#include <cstdint>
#include <cuda_fp16.h>

#include "kernels/cuda/activations.h"
#include "kernels/cuda/device/dp4a.h"
#include "kernels/cuda/device/warp.h"
#include "kernels/packed_layout.h"

namespace apertura::kernels::cuda {

inline constexpr int kRunInputs = 32;
inline constexpr int kTeamLanes = 4;
inline constexpr int kTeams = kWarpLanes / kTeamLanes;
inline constexpr int kLaneRows = 4;
static_assert(kRunInputs == kActivationGroup);

template <CodeBits bits>
inline constexpr int kRunChunks = kRunInputs / static_cast<int>(inputsPerChunk(bits));
template <CodeBits bits>
inline constexpr int kRunBytes = kRunChunks<bits>* static_cast<int>(kChunkBytes);

template <CodeBits bits>
struct RunCodes {
    uint4 chunk[kRunChunks<bits>];  // one row in each of x, y, z, w
};

// Independent 16-byte loads: 4 or 8 in flight.
template <CodeBits bits>
__device__ inline RunCodes<bits> loadRun(const std::byte* codes) {
    RunCodes<bits> run;
#pragma unroll
    for (int c = 0; c < kRunChunks<bits>; ++c) {
        run.chunk[c] = __ldcs(reinterpret_cast<const uint4*>(codes + c * kChunkBytes));
    }
    return run;
}

// 32 activations of one plane, as dp4a takes them.
struct RunPlane {
    int words[kRunInputs / 4];
};

__device__ inline RunPlane loadPlane(const std::int8_t* plane) {
    RunPlane result;
    const int4 first = reinterpret_cast<const int4*>(plane)[0];
    const int4 second = reinterpret_cast<const int4*>(plane)[1];
    result.words[0] = first.x;
    result.words[1] = first.y;
    result.words[2] = first.z;
    result.words[3] = first.w;
    result.words[4] = second.x;
    result.words[5] = second.y;
    result.words[6] = second.z;
    result.words[7] = second.w;
    return result;
}

__device__ inline unsigned wordOfRow(const uint4& chunk, int row) {
    return row == 0 ? chunk.x : row == 1 ? chunk.y : row == 2 ? chunk.z : chunk.w;
}

// sum over the run of code * (256 * high + low), exact, for the lane's row `row` (a constant where
// unrolled).
template <CodeBits bits>
__device__ inline int runSum(const RunCodes<bits>& run, int row, const RunPlane& high,
                             const RunPlane& low) {
    int highSum = 0;
    int lowSum = 0;
#pragma unroll
    for (int c = 0; c < kRunChunks<bits>; ++c) {
        const unsigned word = wordOfRow(run.chunk[c], row);
        if constexpr (bits == CodeBits::four) {
            const auto first = static_cast<int>(word & 0x0F0F0F0FU);
            const auto second = static_cast<int>((word >> 4) & 0x0F0F0F0FU);
            highSum = dp4aSigned(first, high.words[2 * c], highSum);
            lowSum = dp4aSigned(first, low.words[2 * c], lowSum);
            highSum = dp4aSigned(second, high.words[2 * c + 1], highSum);
            lowSum = dp4aSigned(second, low.words[2 * c + 1], lowSum);
        } else {
            highSum = dp4aUnsignedSigned(word, high.words[c], highSum);
            lowSum = dp4aUnsignedSigned(word, low.words[c], lowSum);
        }
    }
    return highSum * 256 + lowSum;
}

struct RowValues {
    float row[kLaneRows];
};

// Four neighbouring fp16 numbers: the scales, or real zeros, of the lane's rows.
__device__ inline RowValues loadHalves(const std::uint16_t* halves) {
    const uint2 bits = *reinterpret_cast<const uint2*>(halves);
    const float2 first = __half22float2(*reinterpret_cast<const __half2*>(&bits.x));
    const float2 second = __half22float2(*reinterpret_cast<const __half2*>(&bits.y));
    return {{first.x, first.y, second.x, second.y}};
}

}  // namespace apertura::kernels::cuda
