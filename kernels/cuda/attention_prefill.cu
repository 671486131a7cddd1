#include <cmath>

#include "kernels/cuda/attention_prefill.h"
#include "kernels/cuda/device/kv_row.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/position.h"

namespace apertura::kernels::cuda {

namespace {

// A block takes 32 rows, a row being a (token, query head) pair of one KV head, and goes through
// the cache in tiles of 32 positions: at D = 128 that is 29 kB of shared memory.
constexpr int kTileRows = 32;
constexpr int kTilePositions = 32;
// Sixteen lanes share four rows: each scores two positions of a tile and sums one or two octets.
constexpr int kLanes = 16;
constexpr int kLaneRows = 4;
constexpr int kLanePositions = kTilePositions / kLanes;
constexpr int kThreads = kTileRows / kLaneRows * kLanes;
// Blocks that a multiprocessor is to hold at least: room for 128 or 168 registers, so that none is
// spilled.
template <int kOctets>
inline constexpr int kBlocksAtOnce = kOctets == 1 ? 4 : 3;
constexpr int kLargestHeadDim = 256;
// Padding against bank conflicts where lanes read float4 from neighbouring positions.
constexpr int kWeightStride = kTileRows + 4;

struct PrefillStep {
    KvCacheView cache;
    Matrix<const float> query;
    Matrix<float> attended;
    Position firstPosition;
    int headsPerKvHead;  // Q / K
    float scale;         // 1 / sqrt(D)
};

// Octets from one position of a tile to the next: odd, so that 8 positions lie in different banks.
__host__ __device__ constexpr int tileStride(int headDim) {
    return headDim / kOctet | 1;
}

// Keys, later values, of a tile as BF16, which holds an int8 code exactly.
struct Tile {
    uint4* octets;      // [kTilePositions, tileStride]
    float* keyScale;    // [kTilePositions]
    float* valueScale;  // likewise
    float* weights;     // [kTilePositions, kWeightStride], of rows
    float* query;       // [kTileRows, D]
};

constexpr std::size_t sharedBytes(std::int64_t headDim) {
    const int dim = static_cast<int>(headDim);
    return sizeof(uint4) * kTilePositions * tileStride(dim) +
           sizeof(float) * (2 * kTilePositions + kTilePositions * kWeightStride + kTileRows * dim);
}

__device__ inline Tile tileAt(uint4* memory, int headDim) {
    Tile tile;
    tile.octets = memory;
    tile.query = reinterpret_cast<float*>(memory + kTilePositions * tileStride(headDim));
    tile.weights = tile.query + kTileRows * headDim;
    tile.keyScale = tile.weights + kTilePositions * kWeightStride;
    tile.valueScale = tile.keyScale + kTilePositions;
    return tile;
}

__device__ inline uint4 asBf16(const KvOctet<KvFormat::bf16>& octet) {
    return octet.bits;
}

__device__ inline uint4 asBf16(const KvOctet<KvFormat::int8>& octet) {
    float values[kOctet];
    toFloats(octet, values);
    unsigned words[4];
#pragma unroll
    for (int i = 0; i < 4; ++i) {
        words[i] = __float_as_uint(values[2 * i]) >> 16 |
                   (__float_as_uint(values[2 * i + 1]) & 0xFFFF0000U);
    }
    return {words[0], words[1], words[2], words[3]};
}

// Positions begin .. of one head, zero from `end` on.
template <KvFormat format>
__device__ inline void loadTile(const KvHead& head, int begin, int end, int headDim,
                                uint4* octets) {
    const int count = headDim / kOctet;
    for (int i = threadIdx.x; i < kTilePositions * count; i += kThreads) {
        const int position = begin + i / count;
        KvOctet<format> octet = {};
        if (position < end) {
            octet = loadOctet<format>(
                head, static_cast<std::int64_t>(position) * headDim + i % count * kOctet);
        }
        octets[i / count * tileStride(headDim) + i % count] = asBf16(octet);
    }
}

// One KV head's rows, all tokens and its query heads, numbered by token.
__device__ inline std::int64_t rowOffset(const PrefillStep& step, int row, std::int64_t stride) {
    const int head = blockIdx.y * step.headsPerKvHead + row % step.headsPerKvHead;
    return row / step.headsPerKvHead * stride + head * step.cache.headDim;
}

__device__ inline void loadQuery(const PrefillStep& step, int firstRow, int rows, int headDim,
                                 float* query) {
    for (int i = threadIdx.x; i < kTileRows * headDim; i += kThreads) {
        const int row = firstRow + i / headDim;
        float number = 0.0F;
        if (row < rows) {
            number = step.query.data[rowOffset(step, row, step.query.stride) + i % headDim];
        }
        query[i] = number * step.scale;
    }
}

// What a thread keeps of its four rows. All sixteen lanes of a row hold the same maximum and sum.
template <int kOctets>
struct Rows {
    float largest[kLaneRows];
    float sum[kLaneRows];
    float total[kLaneRows][kOctets][kOctet];
};

using LaneScores = float[kLaneRows][kLanePositions];

// scores[i][j] = query of the thread's row i . key of position lane + kLanes j of the tile.
__device__ inline void scoreTile(const Tile& tile, int headDim, int lane, int firstLaneRow,
                                 LaneScores& scores) {
    const int stride = tileStride(headDim);
    for (int o = 0; o < headDim / kOctet; ++o) {
        float key[kLanePositions][kOctet];
#pragma unroll
        for (int j = 0; j < kLanePositions; ++j) {
            const KvOctet<KvFormat::bf16> octet = {tile.octets[(lane + kLanes * j) * stride + o]};
            toFloats(octet, key[j]);
        }
#pragma unroll
        for (int i = 0; i < kLaneRows; ++i) {
            const auto* const query = reinterpret_cast<const float4*>(
                tile.query + (firstLaneRow + i) * headDim + o * kOctet);
            const float4 low = query[0];
            const float4 high = query[1];
            const float numbers[kOctet] = {low.x,  low.y,  low.z,  low.w,
                                           high.x, high.y, high.z, high.w};
#pragma unroll
            for (int j = 0; j < kLanePositions; ++j) {
#pragma unroll
                for (int k = 0; k < kOctet; ++k) {
                    scores[i][j] += numbers[k] * key[j][k];
                }
            }
        }
    }
}

// Folds a tile's scores into maximum and sum, and leaves the weights of the values in shared
// memory.
template <int kOctets>
__device__ inline void weighTile(const Tile& tile, int lane, int firstLaneRow, LaneScores& scores,
                                 Rows<kOctets>& rows) {
#pragma unroll
    for (int i = 0; i < kLaneRows; ++i) {
        float largest = rows.largest[i];
#pragma unroll
        for (int j = 0; j < kLanePositions; ++j) {
            largest = fmaxf(largest, scores[i][j]);
        }
        largest = warpMax(largest, kLanes);
        const float factor = expf(rows.largest[i] - largest);
        rows.largest[i] = largest;
        float sum = 0.0F;
#pragma unroll
        for (int j = 0; j < kLanePositions; ++j) {
            scores[i][j] = expf(scores[i][j] - largest);
            sum += scores[i][j];
        }
        rows.sum[i] = rows.sum[i] * factor + warpSum(sum, kLanes);
#pragma unroll
        for (int o = 0; o < kOctets; ++o) {
#pragma unroll
            for (int k = 0; k < kOctet; ++k) {
                rows.total[i][o][k] *= factor;
            }
        }
    }
#pragma unroll
    for (int j = 0; j < kLanePositions; ++j) {
        const int position = lane + kLanes * j;
        const float scale = tile.valueScale[position];
        *reinterpret_cast<float4*>(tile.weights + position * kWeightStride + firstLaneRow) =
            make_float4(scores[0][j] * scale, scores[1][j] * scale, scores[2][j] * scale,
                        scores[3][j] * scale);
    }
}

template <int kOctets>
__device__ inline void addTile(const Tile& tile, int headDim, int lane, int firstLaneRow,
                               Rows<kOctets>& rows) {
    const int stride = tileStride(headDim);
    for (int position = 0; position < kTilePositions; ++position) {
        const float4 four = *reinterpret_cast<const float4*>(
            tile.weights + position * kWeightStride + firstLaneRow);
        const float weights[kLaneRows] = {four.x, four.y, four.z, four.w};
#pragma unroll
        for (int o = 0; o < kOctets; ++o) {
            const int octet = lane + kLanes * o;
            if (octet < headDim / kOctet) {
                float value[kOctet];
                toFloats(KvOctet<KvFormat::bf16>{tile.octets[position * stride + octet]}, value);
#pragma unroll
                for (int i = 0; i < kLaneRows; ++i) {
#pragma unroll
                    for (int k = 0; k < kOctet; ++k) {
                        rows.total[i][o][k] += weights[i] * value[k];
                    }
                }
            }
        }
    }
}

template <int kOctets>
__device__ inline void storeRows(const PrefillStep& step, int headDim, int lane, int firstRow,
                                 int count, const Rows<kOctets>& rows) {
#pragma unroll
    for (int i = 0; i < kLaneRows; ++i) {
        if (firstRow + i >= count) {
            continue;
        }
        float* const target =
            step.attended.data + rowOffset(step, firstRow + i, step.attended.stride);
#pragma unroll
        for (int o = 0; o < kOctets; ++o) {
            const int octet = lane + kLanes * o;
            if (octet < headDim / kOctet) {
#pragma unroll
                for (int k = 0; k < kOctet; ++k) {
                    target[octet * kOctet + k] = rows.total[i][o][k] / rows.sum[i];
                }
            }
        }
    }
}

// blockIdx is (piece of 32 rows, KV head); the rows with the most positions start first.
template <KvFormat format, int kOctets>
__global__ void __launch_bounds__(kThreads, kBlocksAtOnce<kOctets>)
    attendPrefillKernel(PrefillStep step) {
    extern __shared__ uint4 memory[];
    const int headDim = static_cast<int>(step.cache.headDim);
    const Tile tile = tileAt(memory, headDim);
    const int rows = static_cast<int>(step.query.rows) * step.headsPerKvHead;
    const int firstRow = (gridDim.x - 1 - blockIdx.x) * kTileRows;
    const int lastRow = min(firstRow + kTileRows, rows) - 1;
    const int first = positionOf(step.firstPosition);
    const int end = first + lastRow / step.headsPerKvHead + 1;
    const int lane = threadIdx.x % kLanes;
    const int firstLaneRow = threadIdx.x / kLanes * kLaneRows;
    const KvHead keys =
        kvHead<format>(step.cache.keys, step.cache.keyScales, step.cache, blockIdx.y);
    const KvHead values =
        kvHead<format>(step.cache.values, step.cache.valueScales, step.cache, blockIdx.y);
    Rows<kOctets> mine = {};
#pragma unroll
    for (int i = 0; i < kLaneRows; ++i) {
        mine.largest[i] = -INFINITY;
    }
    loadQuery(step, firstRow, rows, headDim, tile.query);
    for (int begin = 0; begin < end; begin += kTilePositions) {
        loadTile<format>(keys, begin, end, headDim, tile.octets);
        if (threadIdx.x < kTilePositions) {
            const int position = begin + threadIdx.x;
            const bool isThere = position < end;
            tile.keyScale[threadIdx.x] = isThere ? kvScale<format>(keys, position) : 1.0F;
            tile.valueScale[threadIdx.x] = isThere ? kvScale<format>(values, position) : 0.0F;
        }
        __syncthreads();
        LaneScores scores = {};
        scoreTile(tile, headDim, lane, firstLaneRow, scores);
#pragma unroll
        for (int i = 0; i < kLaneRows; ++i) {
            const int visible = first + (firstRow + firstLaneRow + i) / step.headsPerKvHead;
#pragma unroll
            for (int j = 0; j < kLanePositions; ++j) {
                const int at = lane + kLanes * j;
                scores[i][j] = begin + at <= visible ? scores[i][j] * tile.keyScale[at] : -INFINITY;
            }
        }
        weighTile<kOctets>(tile, lane, firstLaneRow, scores, mine);
        // Everybody is done with the keys, whose place the values take.
        __syncthreads();
        loadTile<format>(values, begin, end, headDim, tile.octets);
        __syncthreads();
        addTile<kOctets>(tile, headDim, lane, firstLaneRow, mine);
        __syncthreads();
    }
    storeRows<kOctets>(step, headDim, lane, firstRow + firstLaneRow, rows, mine);
}

template <KvFormat format>
void launchFor(const PrefillStep& step, Stream& stream) {
    const std::int64_t rows = step.query.rows * step.headsPerKvHead;
    const dim3 grid(static_cast<unsigned>((rows + kTileRows - 1) / kTileRows),
                    static_cast<unsigned>(step.cache.kvHeads));
    const auto kernel = step.cache.headDim <= kLanes * kOctet ? attendPrefillKernel<format, 1>
                                                              : attendPrefillKernel<format, 2>;
    launch(kernel, {grid, dim3(kThreads), sharedBytes(step.cache.headDim)}, stream, step);
}

}  // namespace

void attendPrefill(const KvCacheView& cache, Matrix<const float> query, Position firstPosition,
                   Matrix<float> attended, Stream& stream) {
    CHECK(cache.headDim % kOctet == 0 && cache.headDim <= kLargestHeadDim);
    CHECK(query.rows >= 1 && query.columns % (cache.headDim * cache.kvHeads) == 0);
    CHECK(attended.rows == query.rows && attended.columns == query.columns);
    CHECK(!firstPosition.isKnown() || firstPosition.value + query.rows <= cache.capacity);
    const PrefillStep step = {cache,
                              query,
                              attended,
                              firstPosition,
                              static_cast<int>(query.columns / cache.headDim / cache.kvHeads),
                              1.0F / std::sqrt(static_cast<float>(cache.headDim))};
    if (cache.format == KvFormat::bf16) {
        launchFor<KvFormat::bf16>(step, stream);
    } else {
        launchFor<KvFormat::int8>(step, stream);
    }
}

}  // namespace apertura::kernels::cuda
