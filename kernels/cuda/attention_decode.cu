#include <cmath>

#include "kernels/cuda/attention_decode.h"
#include "kernels/cuda/device/arena.h"
#include "kernels/cuda/device/kv_row.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/position.h"

namespace apertura::kernels::cuda {

namespace {

constexpr int kWarps = 4;
constexpr int kThreads = kWarps * kWarpLanes;
constexpr int kSplit = static_cast<int>(kSplitPositions);
constexpr int kLaneScores = kSplit / kWarpLanes;
// Independent loads in flight per lane.
constexpr int kInFlight = 4;
constexpr int kLargestHeadDim = 256;
static_assert(kThreads == kSplit, "every thread loads the scales of one position");

struct DecodeStep {
    KvCacheView cache;
    Matrix<const float> query;
    Position firstPosition;
    AttentionScratch scratch;
    int headsPerKvHead;  // Q / K
    float scale;         // 1 / sqrt(D)
};

// The lanes that share a row of the cache: D / 8 of them, rounded up to a power of two.
struct Team {
    int lanes;
    int index;  // in the block
    int first;  // number of the row that this lane's octet begins with
    bool isOn;  // false for a lane beyond D
    __device__ int count() const { return kThreads / lanes; }
};

__device__ inline Team teamOf(int headDim) {
    int lanes = 1;
    while (lanes * kOctet < headDim) {
        lanes *= 2;
    }
    const int thread = threadIdx.x;
    const int first = thread % lanes * kOctet;
    return {lanes, thread / lanes, first, first < headDim};
}

// A row is a (token, query head) pair that reads this block's KV head.
struct Row {
    int token;
    int head;
};

__device__ inline Row rowOf(const DecodeStep& step, int kvHeadIndex, int index) {
    return {index / step.headsPerKvHead,
            kvHeadIndex * step.headsPerKvHead + index % step.headsPerKvHead};
}

// The octets of `kInFlight` positions, zero beyond `end`.
template <KvFormat format>
__device__ inline void loadPositions(const KvHead& head, const Team& team, int first, int end,
                                     int headDim, KvOctet<format> (&octets)[kInFlight]) {
#pragma unroll
    for (int u = 0; u < kInFlight; ++u) {
        const int position = first + u * team.count();
        octets[u] = {};
        if (team.isOn && position < end) {
            octets[u] =
                loadOctet<format>(head, static_cast<std::int64_t>(position) * headDim + team.first);
        }
    }
}

// The block's rows of the query, scaled, to query[r * D + d]; zero where there is no such row.
template <int kRows>
__device__ inline void stageQuery(const DecodeStep& step, int headDim, int firstRow, float* query) {
    const int rows = static_cast<int>(step.query.rows) * step.headsPerKvHead;
    for (int i = threadIdx.x; i < kRows * headDim; i += kThreads) {
        const int r = i / headDim;
        float number = 0.0F;
        if (firstRow + r < rows) {
            const Row row = rowOf(step, blockIdx.y, firstRow + r);
            number =
                step.query.data[row.token * step.query.stride + row.head * headDim + i % headDim];
        }
        query[i] = number * step.scale;
    }
}

// scores[r][i] = query of row r . key of position begin + i, without an int8 key's scale; -inf
// where the row may not see it.
template <KvFormat format, int kRows>
__device__ inline void scoreSplit(const DecodeStep& step, const Team& team, int headDim,
                                  int firstRow, int first, const float* staged,
                                  float (&scores)[kRows][kSplit]) {
    const int begin = blockIdx.x * kSplit;
    const KvHead keys =
        kvHead<format>(step.cache.keys, step.cache.keyScales, step.cache, blockIdx.y);
    const int end = min(begin + kSplit, first + static_cast<int>(step.query.rows));
    float query[kRows][kOctet] = {};
    if (team.isOn) {
#pragma unroll
        for (int r = 0; r < kRows; ++r) {
#pragma unroll
            for (int i = 0; i < kOctet; ++i) {
                query[r][i] = staged[r * headDim + team.first + i];
            }
        }
    }
    for (int at = team.index; at < kSplit; at += kInFlight * team.count()) {
        KvOctet<format> octets[kInFlight];
        loadPositions<format>(keys, team, begin + at, end, headDim, octets);
#pragma unroll
        for (int u = 0; u < kInFlight; ++u) {
            const int index = at + u * team.count();
            float key[kOctet];
            toFloats(octets[u], key);
#pragma unroll
            for (int r = 0; r < kRows; ++r) {
                float score = 0.0F;
#pragma unroll
                for (int i = 0; i < kOctet; ++i) {
                    score += query[r][i] * key[i];
                }
                score = warpSum(score, team.lanes);
                const int visible = first + (firstRow + r) / step.headsPerKvHead;
                if (team.first == 0 && index < kSplit) {
                    scores[r][index] = begin + index <= visible ? score : -INFINITY;
                }
            }
        }
    }
}

// Scores become exp(score - maximum) times an int8 value's scale; maximum and sum go to the
// scratch.
template <KvFormat format, int kRows>
__device__ inline void weighSplit(const DecodeStep& step, int firstRow, const float* keyScale,
                                  const float* valueScale, float (&scores)[kRows][kSplit]) {
    const int lane = threadIdx.x % kWarpLanes;
    const int rows = static_cast<int>(step.query.rows) * step.headsPerKvHead;
    const int queryHeads = static_cast<int>(step.cache.kvHeads) * step.headsPerKvHead;
    for (int r = threadIdx.x / kWarpLanes; r < kRows && firstRow + r < rows; r += kWarps) {
        float values[kLaneScores];
        float largest = -INFINITY;
#pragma unroll
        for (int i = 0; i < kLaneScores; ++i) {
            const int at = lane + i * kWarpLanes;
            values[i] = scores[r][at];
            if constexpr (format == KvFormat::int8) {
                values[i] *= keyScale[at];
            }
            largest = fmaxf(largest, values[i]);
        }
        largest = warpMax(largest);
        // Where a row sees nothing of the split, exp(-inf) makes all of its weights zero.
        const float base = largest == -INFINITY ? 0.0F : largest;
        float sum = 0.0F;
#pragma unroll
        for (int i = 0; i < kLaneScores; ++i) {
            const int at = lane + i * kWarpLanes;
            const float weight = expf(values[i] - base);
            sum += weight;
            scores[r][at] = format == KvFormat::int8 ? weight * valueScale[at] : weight;
        }
        sum = warpSum(sum);
        if (lane == 0) {
            const Row row = rowOf(step, blockIdx.y, firstRow + r);
            const std::int64_t at =
                (row.token * queryHeads + row.head) * step.scratch.splits + blockIdx.x;
            step.scratch.maxima[at] = largest;
            step.scratch.sums[at] = sum;
        }
    }
}

// sums[r] += the team's positions' values times the weights, then over the teams of the warp.
template <KvFormat format, int kRows>
__device__ inline void addValues(const DecodeStep& step, const Team& team, int headDim, int begin,
                                 int end, const float (&weights)[kRows][kSplit],
                                 float (&sums)[kRows][kOctet]) {
    const KvHead values =
        kvHead<format>(step.cache.values, step.cache.valueScales, step.cache, blockIdx.y);
    for (int at = team.index; at < kSplit; at += kInFlight * team.count()) {
        KvOctet<format> octets[kInFlight];
        loadPositions<format>(values, team, begin + at, end, headDim, octets);
#pragma unroll
        for (int u = 0; u < kInFlight; ++u) {
            const int index = at + u * team.count();
            float value[kOctet];
            toFloats(octets[u], value);
#pragma unroll
            for (int r = 0; r < kRows; ++r) {
                const float weight = index < kSplit ? weights[r][index] : 0.0F;
#pragma unroll
                for (int i = 0; i < kOctet; ++i) {
                    sums[r][i] += weight * value[i];
                }
            }
        }
    }
    for (int lanes = team.lanes; lanes < kWarpLanes; lanes *= 2) {
#pragma unroll
        for (int r = 0; r < kRows; ++r) {
#pragma unroll
            for (int i = 0; i < kOctet; ++i) {
                sums[r][i] += __shfl_xor_sync(kAllLanes, sums[r][i], lanes);
            }
        }
    }
}

// blockIdx is (split, KV head, piece of kRows rows). kHeadDim is 0 where D is known only here.
template <KvFormat format, int kHeadDim, int kRows>
__global__ void __launch_bounds__(kThreads) attendSplitKernel(DecodeStep step) {
    constexpr int kRoom = kHeadDim != 0 ? kHeadDim : kLargestHeadDim;
    __shared__ float weights[kRows][kSplit];
    __shared__ float merged[kWarps][kRows][kRoom];
    __shared__ float keyScale[format == KvFormat::int8 ? kSplit : 1];
    __shared__ float valueScale[format == KvFormat::int8 ? kSplit : 1];
    const int headDim = kHeadDim != 0 ? kHeadDim : static_cast<int>(step.cache.headDim);
    const int first = positionOf(step.firstPosition);
    const int begin = blockIdx.x * kSplit;
    const int end = min(begin + kSplit, first + static_cast<int>(step.query.rows));
    if (begin >= end) {
        return;  // the whole block
    }
    const int firstRow = blockIdx.z * kRows;
    const Team team = teamOf(headDim);
    if constexpr (format == KvFormat::int8) {
        const int position = begin + threadIdx.x;
        const std::int64_t at = blockIdx.y * step.cache.capacity + position;
        const auto* const keys = reinterpret_cast<const __half*>(step.cache.keyScales);
        const auto* const values = reinterpret_cast<const __half*>(step.cache.valueScales);
        keyScale[threadIdx.x] = position < end ? __half2float(keys[at]) : 1.0F;
        valueScale[threadIdx.x] = position < end ? __half2float(values[at]) : 0.0F;
    }
    // The query's place is free again when the values are merged, two barriers later.
    float* const staged = &merged[0][0][0];
    stageQuery<kRows>(step, headDim, firstRow, staged);
    __syncthreads();
    scoreSplit<format, kRows>(step, team, headDim, firstRow, first, staged, weights);
    __syncthreads();
    weighSplit<format, kRows>(step, firstRow, keyScale, valueScale, weights);
    __syncthreads();
    float sums[kRows][kOctet] = {};
    addValues<format, kRows>(step, team, headDim, begin, end, weights, sums);
    if (threadIdx.x % kWarpLanes < team.lanes && team.isOn) {
#pragma unroll
        for (int r = 0; r < kRows; ++r) {
#pragma unroll
            for (int i = 0; i < kOctet; ++i) {
                merged[threadIdx.x / kWarpLanes][r][team.first + i] = sums[r][i];
            }
        }
    }
    __syncthreads();
    const int rows = static_cast<int>(step.query.rows) * step.headsPerKvHead;
    const int queryHeads = static_cast<int>(step.cache.kvHeads) * step.headsPerKvHead;
    for (int i = threadIdx.x; i < kRows * headDim; i += kThreads) {
        const int r = i / headDim;
        const int d = i % headDim;
        if (firstRow + r < rows) {
            const Row row = rowOf(step, blockIdx.y, firstRow + r);
            const std::int64_t at =
                blockIdx.x * step.query.rows * queryHeads + row.token * queryHeads + row.head;
            float total = 0.0F;
#pragma unroll
            for (int w = 0; w < kWarps; ++w) {
                total += merged[w][r][d];
            }
            step.scratch.partial[at * headDim + d] = total;
        }
    }
}

template <KvFormat format, int kHeadDim>
void launchRows(const DecodeStep& step, Stream& stream) {
    const std::int64_t rows = step.query.rows * step.headsPerKvHead;
    const std::int64_t positions = step.firstPosition.isKnown()
                                       ? step.firstPosition.value + step.query.rows
                                       : step.cache.capacity;
    const auto splits = static_cast<unsigned>((positions + kSplit - 1) / kSplit);
    const auto kvHeads = static_cast<unsigned>(step.cache.kvHeads);
    // Four query heads a KV head are the usual case of one token.
    if (rows <= 4) {
        launch(attendSplitKernel<format, kHeadDim, 4>, {dim3(splits, kvHeads), dim3(kThreads)},
               stream, step);
    } else {
        const auto pieces = static_cast<unsigned>((rows + 7) / 8);
        launch(attendSplitKernel<format, kHeadDim, 8>,
               {dim3(splits, kvHeads, pieces), dim3(kThreads)}, stream, step);
    }
}

template <KvFormat format>
void launchHeadDim(const DecodeStep& step, Stream& stream) {
    switch (step.cache.headDim) {
        case 64:
            return launchRows<format, 64>(step, stream);
        case 128:
            return launchRows<format, 128>(step, stream);
        default:
            return launchRows<format, 0>(step, stream);
    }
}

std::size_t floatBytes(std::int64_t count) {
    return arenaBytes(static_cast<std::size_t>(count) * sizeof(float));
}

std::int64_t splitCount(std::int64_t positions) {
    return (positions + kSplitPositions - 1) / kSplitPositions;
}

}  // namespace

std::size_t attentionScratchBytes(std::int64_t capacity, std::int64_t queryHeads,
                                  std::int64_t headDim, std::int64_t tokens) {
    const std::int64_t rows = splitCount(capacity) * tokens * queryHeads;
    return floatBytes(rows * headDim) + 2 * floatBytes(rows);
}

AttentionScratch attentionScratchAt(std::byte* memory, std::int64_t capacity,
                                    std::int64_t queryHeads, std::int64_t headDim,
                                    std::int64_t tokens) {
    AttentionScratch scratch;
    scratch.splits = splitCount(capacity);
    scratch.rows = tokens * queryHeads;
    const std::int64_t rows = scratch.splits * scratch.rows;
    scratch.partial = reinterpret_cast<float*>(memory);
    scratch.maxima = reinterpret_cast<float*>(memory + floatBytes(rows * headDim));
    scratch.sums = reinterpret_cast<float*>(memory + floatBytes(rows * headDim) + floatBytes(rows));
    return scratch;
}

void attendSplits(const KvCacheView& cache, Matrix<const float> query, Position firstPosition,
                  const AttentionScratch& scratch, Stream& stream) {
    CHECK(cache.headDim % kOctet == 0 && cache.headDim <= kLargestHeadDim);
    CHECK(query.columns % (cache.headDim * cache.kvHeads) == 0);
    CHECK(query.rows >= 1 && query.rows <= kMaxAttendedTokens);
    const std::int64_t queryHeads = query.columns / cache.headDim;
    CHECK(query.rows * queryHeads <= scratch.rows && splitCount(cache.capacity) <= scratch.splits);
    CHECK(!firstPosition.isKnown() || firstPosition.value + query.rows <= cache.capacity);
    const DecodeStep step = {cache,
                             query,
                             firstPosition,
                             scratch,
                             static_cast<int>(queryHeads / cache.kvHeads),
                             1.0F / std::sqrt(static_cast<float>(cache.headDim))};
    if (cache.format == KvFormat::bf16) {
        launchHeadDim<KvFormat::bf16>(step, stream);
    } else {
        launchHeadDim<KvFormat::int8>(step, stream);
    }
}

void attendDecode(const KvCacheView& cache, Matrix<const float> query, Position firstPosition,
                  Matrix<float> attended, const AttentionScratch& scratch, Stream& stream) {
    CHECK(attended.rows == query.rows && attended.columns == query.columns);
    attendSplits(cache, query, firstPosition, scratch, stream);
    combineSplits(scratch, firstPosition, cache.headDim, attended, stream);
}

}  // namespace apertura::kernels::cuda
