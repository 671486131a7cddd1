// The inner product of the packed layout (kernels/packed_layout.h) on a warp.
//
// A *run* is 32 inputs of a block of 16 rows: 4 chunks of 4-bit codes or 8 chunks of 8-bit codes. A
// warp takes 8 runs at a time: lane l belongs to team l / 4, which takes one run, and holds rows 4
// (l % 4) .. + 3 of it, 16 bytes of each chunk. The upper two lanes of a team begin with the second
// half of the run, so that the team's loads of activations fill whole sectors of 32 bytes, as those
// of codes do.
#pragma once

#include <cstdint>
#include <cuda_fp16.h>

#include "kernels/cuda/activations.h"
#include "kernels/cuda/device/dp4a.h"
#include "kernels/cuda/device/warp.h"
#include "kernels/packed_layout.h"

namespace apertura::kernels::cuda {

inline constexpr int kTeamLanes = 4;
inline constexpr int kTeams = kWarpLanes / kTeamLanes;
inline constexpr int kLaneRows = 4;

template <CodeBits bits>
inline constexpr int kRunChunks = kRunInputs / static_cast<int>(inputsPerChunk(bits));
template <CodeBits bits>
inline constexpr int kRunBytes = kRunChunks<bits>* static_cast<int>(kChunkBytes);

// Where a lane's halves of a run lie: the first that it takes, from the run's beginning, and the
// other from there.
struct LaneHalves {
    int first;  // 0 or 1
    int other;  // 1 or -1
};

__device__ inline LaneHalves laneHalves() {
    const int first = threadIdx.x % kTeamLanes / 2;
    return {first, 1 - 2 * first};
}

template <CodeBits bits>
struct RunCodes {
    uint4 chunk[kRunChunks<bits>];  // one row in each of x, y, z, w; in the lane's order of halves
};

// 16 bytes at `source` + offset of global memory, read once and not kept in the caches.
template <int offset>
__device__ inline uint4 loadStreamed(const std::byte* source) {
    uint4 result;
    asm("ld.global.cs.v4.u32 {%0, %1, %2, %3}, [%4 + %5];"
        : "=r"(result.x), "=r"(result.y), "=r"(result.z), "=r"(result.w)
        : "l"(source), "n"(offset));
    return result;
}

template <CodeBits bits, int offset, int chunk>
__device__ inline void loadChunks(const std::byte* first, const std::byte* second,
                                  RunCodes<bits>& run) {
    constexpr int kHalf = kRunChunks<bits> / 2;
    constexpr int kAt = offset + chunk * static_cast<int>(kChunkBytes);
    if constexpr (chunk < kHalf) {
        run.chunk[chunk] = loadStreamed<kAt>(first);
        run.chunk[kHalf + chunk] = loadStreamed<kAt>(second);
        loadChunks<bits, offset, chunk + 1>(first, second, run);
    }
}

// Independent 16-byte loads, 4 or 8 in flight, of the lane's halves of a run, each at its pointer +
// `offset`.
template <CodeBits bits, int offset>
__device__ inline RunCodes<bits> loadRun(const std::byte* firstHalf, const std::byte* secondHalf) {
    RunCodes<bits> run;
    loadChunks<bits, offset, 0>(firstHalf, secondHalf, run);
    return run;
}

// 32 activations of one plane, as dp4a takes them, in the lane's order of halves.
struct RunPlane {
    int words[kRunInputs / 4];
};

__device__ inline RunPlane loadPlane(const std::int8_t* firstHalf, const std::int8_t* secondHalf) {
    RunPlane result;
    const int4 first = *reinterpret_cast<const int4*>(firstHalf);
    const int4 second = *reinterpret_cast<const int4*>(secondHalf);
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

// The products of one row and one token over the runs of an activation group, exact integers, apart
// by plane and, for 4 bits, by nibble: high nibbles are multiplied where they stand, 16 times too
// large. Their sum over a group is at most 64 * 240 * 32512 < 2^31, that of 8-bit codes 128 * 255 *
// 32512 < 2^31.
template <CodeBits bits>
struct RowProducts {
    int high = 0;
    int low = 0;
    int upperHigh = 0;
    int upperLow = 0;

    // Begins with `offset` instead of zero.
    __device__ void start(int offset) { low = offset; }
    // Adds a run: row `row` of the lane's rows (a constant where unrolled).
    __device__ void add(const RunCodes<bits>& run, int row, const RunPlane& highPlane,
                        const RunPlane& lowPlane) {
#pragma unroll
        for (int c = 0; c < kRunChunks<bits>; ++c) {
            const unsigned word = wordOfRow(run.chunk[c], row);
            if constexpr (bits == CodeBits::four) {
                const unsigned lower = word & 0x0F0F0F0FU;
                const unsigned upper = word & 0xF0F0F0F0U;
                high = dp4aUnsignedSigned(lower, highPlane.words[2 * c], high);
                low = dp4aUnsignedSigned(lower, lowPlane.words[2 * c], low);
                upperHigh = dp4aUnsignedSigned(upper, highPlane.words[2 * c + 1], upperHigh);
                upperLow = dp4aUnsignedSigned(upper, lowPlane.words[2 * c + 1], upperLow);
            } else {
                high = dp4aUnsignedSigned(word, highPlane.words[c], high);
                low = dp4aUnsignedSigned(word, lowPlane.words[c], low);
            }
        }
    }
    // Puts all into `low`, which frees registers where there are many tokens.
    __device__ void fold() {
        low = multiplyAdd(high, 256, low);
        high = 0;
        if constexpr (bits == CodeBits::four) {
            low += multiplyAdd(upperHigh, 256, upperLow) >> 4;
            upperHigh = 0;
            upperLow = 0;
        }
    }
    // offset + sum of code * (256 * high + low)
    __device__ int total() {
        fold();
        return low;
    }
    // 16 times that, with an instruction less, of 4-bit codes. Requires: the total below 2^27.
    __device__ int sixteenfold() const {
        const int lower = multiplyAdd(high, 256, low);
        return multiplyAdd(lower, 16, multiplyAdd(upperHigh, 256, upperLow));
    }
};

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
