// Row blocks of a quantized matrix times the activations of some tokens, by one warp.
#pragma once

#include "kernels/cuda/device/quantized_run.h"
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

// The zeros of the lane's rows in one group.
template <ZeroKind zeros>
struct RowZeros;
template <>
struct RowZeros<ZeroKind::symmetric> {
    int zero;
    __device__ RowZeros(const PackedWeight& weight, int) : zero(weight.symmetricZero) {}
    // The product of codes, less that of zeros.
    __device__ float centre(int, int product, int inputSum) const {
        return static_cast<float>(product - zero * inputSum);
    }
};
template <>
struct RowZeros<ZeroKind::integer> {
    uchar4 zero;
    __device__ RowZeros(const PackedWeight& weight, int scaleAt)
        : zero(*reinterpret_cast<const uchar4*>(weight.integerZeros + scaleAt)) {}
    __device__ float centre(int row, int product, int inputSum) const {
        const int ofRow = row == 0 ? zero.x : row == 1 ? zero.y : row == 2 ? zero.z : zero.w;
        return static_cast<float>(product - ofRow * inputSum);
    }
};
template <>
struct RowZeros<ZeroKind::real> {
    RowValues zero;
    __device__ RowZeros(const PackedWeight& weight, int scaleAt)
        : zero(loadHalves(weight.realZeros + scaleAt)) {}
    __device__ float centre(int row, int product, int inputSum) const {
        return static_cast<float>(product) - zero.row[row] * static_cast<float>(inputSum);
    }
};

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

// The lane's way through the codes of neighbouring row blocks.
template <CodeBits bits, int kBlocks>
struct CodeStream {
    const std::byte* codes;
    std::int64_t blockBytes;  // from one row block to the next; 0 where there is no next
    int otherHalf;            // bytes, from the lane's first half of a run to the other

    __device__ CodeStream(const PackedWeight& weight, int block, int firstRow) {
        const std::int64_t bytes = static_cast<std::int64_t>(weight.runs) * kRunBytes<bits>;
        const LaneHalves halves = laneHalves();
        codes = weight.codes + block * bytes + firstRow * 4 + halves.first * kRunBytes<bits> / 2;
        const int last = (block + kBlocks - 1) * static_cast<int>(kBlockRows);
        blockBytes = last < weight.outputs ? bytes : 0;
        otherHalf = halves.other * kRunBytes<bits> / 2;
    }
    __device__ void load(int run, RunCodes<bits> (&words)[kBlocks]) const {
        const std::byte* from = codes + static_cast<std::int64_t>(run) * kRunBytes<bits>;
#pragma unroll
        for (int b = 0; b < kBlocks; ++b) {
            words[b] = loadRun<bits>(from + b * blockBytes, otherHalf);
        }
    }
};

// Adds the lane's share of spans `worker`, `worker` + `workers`, .. (in units of 8 spans) to
// `sums`, for kWarpBlocks row blocks from `block` on; what is beyond the last one is the last one
// again. The planes may lie in shared or global memory; tokens beyond x.tokens are the last one
// again.
//
// A span's runs share all scales and zeros, so that its products stay integers to the end. Teams
// begin at different runs of their spans: at the same run they would read activations 128 bytes
// apart, from the same banks.
template <CodeBits bits, ZeroKind zeros, int kBlocks, int kTokens>
__device__ inline void accumulateRows(const PackedWeight& weight, int block, int worker,
                                      int workers, const ActivationPlanes& x,
                                      RowSums<kBlocks, kTokens>& sums) {
    const int lane = threadIdx.x % kWarpLanes;
    const int team = lane / kTeamLanes;
    const int firstRow = lane % kTeamLanes * kLaneRows;
    const int turn = team * weight.spanRuns / 4;
    const int groups = (weight.runs + 3) / 4;
    const LaneHalves halves = laneHalves();
    const CodeStream<bits, kBlocks> stream(weight, block, firstRow);
    for (int span = worker * kTeams + team; span < weight.spans; span += workers * kTeams) {
        RowProducts<bits> products[kBlocks][kTokens][kLaneRows];
        int inputSums[kTokens] = {};
        const int firstRun = span * weight.spanRuns;
        const auto addRun = [&](int step) {
            const int run = firstRun + ((step + turn) & (weight.spanRuns - 1));
            RunCodes<bits> words[kBlocks];
            stream.load(run, words);
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
                const int at = t * weight.runs + run;
                const int input = at * kRunInputs + halves.first * kRunInputs / 2;
                const int other = halves.other * kRunInputs / 2;
                const RunPlane high = loadPlane(x.high + input, other);
                const RunPlane low = loadPlane(x.low + input, other);
                inputSums[t] += x.sum[at];
#pragma unroll
                for (int b = 0; b < kBlocks; ++b) {
#pragma unroll
                    for (int r = 0; r < kLaneRows; ++r) {
                        products[b][t][r].add(words[b], r, high, low);
                        if constexpr (kTokens > 2) {
                            products[b][t][r].fold();
                        }
                    }
                }
            }
        };
        if (kTokens == 1 && weight.spanRuns == kMostSpanRuns) {
#pragma unroll
            for (int step = 0; step < kMostSpanRuns; ++step) {
                addRun(step);
            }
        } else {
            for (int step = 0; step < weight.spanRuns; ++step) {
                addRun(step);
            }
        }
        const int group = weight.spansPerGroup == 1 ? span : span / weight.spansPerGroup;
#pragma unroll
        for (int b = 0; b < kBlocks; ++b) {
            const int rowBlock = stream.blockBytes != 0 ? block + b : block;
            const int scaleAt =
                (rowBlock * weight.groups + group) * static_cast<int>(kBlockRows) + firstRow;
            const RowValues scale = loadHalves(weight.scales + scaleAt);
            const RowZeros<zeros> zero(weight, scaleAt);
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
                const float xScale = x.scale[t * groups + firstRun / 4];
#pragma unroll
                for (int r = 0; r < kLaneRows; ++r) {
                    const float centred = zero.centre(r, products[b][t][r].total(), inputSums[t]);
                    sums.at(b, t, r) += scale.row[r] * xScale * centred;
                }
            }
        }
    }
}

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
