#include "kernels/cuda/attention_decode.h"
#include "kernels/cuda/device/activation_quad.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/position.h"

namespace apertura::kernels::cuda {

namespace {

constexpr int kSplit = static_cast<int>(kSplitPositions);
constexpr int kCombineWarps = 8;
constexpr int kCombineThreads = kCombineWarps * kWarpLanes;
// Blocks that a multiprocessor is to hold at least: room for 64 registers, so that none is spilled.
constexpr int kCombineBlocksAtOnce = 4;

struct Combination {
    AttentionScratch scratch;
    Position firstPosition;
    int headDim;
    int queryHeads;
    int tokens;
};

// What blockIdx (row = token and query head, piece of dims) is about, `laneDims` of them a lane.
struct CombinedPiece {
    int token;
    int dim;     // of the head, the lane's first
    int column;  // of [Q D], the lane's first
};

__device__ inline CombinedPiece pieceOf(const Combination& all, int laneDims) {
    const int row = blockIdx.x;
    const int lane = threadIdx.x % kWarpLanes;
    const int dim = (blockIdx.y * kWarpLanes + lane) * laneDims;
    return {row / all.queryHeads, dim, row % all.queryHeads * all.headDim + dim};
}

__device__ inline void addPartial(float factor, const float* partial, float (&total)[1]) {
    total[0] += factor * partial[0];
}

__device__ inline void addPartial(float factor, const float* partial, float (&total)[kQuad]) {
    const float4 four = *reinterpret_cast<const float4*>(partial);
    total[0] += factor * four.x;
    total[1] += factor * four.y;
    total[2] += factor * four.z;
    total[3] += factor * four.w;
}

// The attended numbers of the lane's dims, in the lanes of warp 0; warps share out the splits.
template <int kLaneDims>
__device__ inline void combine(const Combination& all, const CombinedPiece& piece,
                               float (&numbers)[kLaneDims]) {
    __shared__ float totals[kCombineWarps][kWarpLanes][kLaneDims];
    const AttentionScratch& scratch = all.scratch;
    const int lane = threadIdx.x % kWarpLanes;
    const int warp = threadIdx.x / kWarpLanes;
    const std::int64_t row = blockIdx.x;
    const std::int64_t rows = static_cast<std::int64_t>(all.tokens) * all.queryHeads;
    const int splits = (positionOf(all.firstPosition) + piece.token + kSplit) / kSplit;
    const float* const maxima = scratch.maxima + row * scratch.splits;
    const float* const sums = scratch.sums + row * scratch.splits;
    float largest = -INFINITY;
    for (int s = lane; s < splits; s += kWarpLanes) {
        largest = fmaxf(largest, maxima[s]);
    }
    largest = warpMax(largest);
    float sum = 0.0F;
    float total[kLaneDims] = {};
    for (int base = 0; base < splits; base += kWarpLanes) {
        const int mine = base + lane;
        const float weight = mine < splits ? expf(maxima[mine] - largest) : 0.0F;
        sum += mine < splits ? weight * sums[mine] : 0.0F;
        const int end = min(kWarpLanes, splits - base);
        for (int s = warp; s < end; s += kCombineWarps) {
            const float factor = __shfl_sync(kAllLanes, weight, s);
            if (piece.dim < all.headDim) {
                const float* const partial =
                    scratch.partial + ((base + s) * rows + row) * all.headDim + piece.dim;
                addPartial(factor, partial, total);
            }
        }
    }
    sum = warpSum(sum);
#pragma unroll
    for (int i = 0; i < kLaneDims; ++i) {
        totals[warp][lane][i] = total[i];
    }
    __syncthreads();
    if (warp == 0) {
#pragma unroll
        for (int i = 0; i < kLaneDims; ++i) {
            for (int w = 1; w < kCombineWarps; ++w) {
                total[i] += totals[w][lane][i];
            }
            numbers[i] = total[i] / sum;
        }
    }
}

__global__ void __launch_bounds__(kCombineThreads, kCombineBlocksAtOnce)
    combineSplitsKernel(Combination all, Matrix<float> attended) {
    const CombinedPiece piece = pieceOf(all, 1);
    float number[1] = {};
    combine(all, piece, number);
    if (threadIdx.x < kWarpLanes && piece.dim < all.headDim) {
        attended.data[piece.token * attended.stride + piece.column] = number[0];
    }
}

// A piece of 128 dims is a group of activations.
__global__ void __launch_bounds__(kCombineThreads, kCombineBlocksAtOnce)
    combineQuantizedKernel(Combination all, const __half* inputScale, ActivationPlanes planes,
                           Matrix<float> attended) {
    const CombinedPiece piece = pieceOf(all, kQuad);
    float numbers[kQuad] = {};
    combine(all, piece, numbers);
    if (threadIdx.x >= kWarpLanes) {
        return;  // the whole warp
    }
    if (attended.data != nullptr) {
        float* const to = attended.data + piece.token * attended.stride + piece.column;
        *reinterpret_cast<float4*>(to) =
            make_float4(numbers[0], numbers[1], numbers[2], numbers[3]);
    }
    if (inputScale != nullptr) {
        scaleQuad(inputScale + piece.column, numbers);
    }
    storeQuad(quantizeGroup(numbers), planes, piece.token, piece.column / kActivationGroup);
}

LaunchShape combineShape(const Combination& all, int laneDims) {
    const int pieceDims = kWarpLanes * laneDims;
    const dim3 grid(static_cast<unsigned>(all.tokens * all.queryHeads),
                    static_cast<unsigned>((all.headDim + pieceDims - 1) / pieceDims));
    return {grid, dim3(kCombineThreads)};
}

}  // namespace

void combineSplits(const AttentionScratch& scratch, Position firstPosition, std::int64_t headDim,
                   Matrix<float> attended, Stream& stream) {
    CHECK(attended.columns % headDim == 0);
    const Combination all = {scratch, firstPosition, static_cast<int>(headDim),
                             static_cast<int>(attended.columns / headDim),
                             static_cast<int>(attended.rows)};
    launch(combineSplitsKernel, combineShape(all, 1), stream, all, attended);
}

void combineSplits(const AttentionScratch& scratch, Position firstPosition, std::int64_t headDim,
                   const std::uint16_t* inputScale, const ActivationPlanes& planes,
                   Matrix<float> attended, Stream& stream) {
    CHECK(headDim % kActivationGroup == 0 && planes.inputs % headDim == 0);
    CHECK(attended.data == nullptr || (attended.rows == planes.tokens && attended.stride % 4 == 0));
    const Combination all = {scratch, firstPosition, static_cast<int>(headDim),
                             static_cast<int>(planes.inputs / headDim),
                             static_cast<int>(planes.tokens)};
    launch(combineQuantizedKernel, combineShape(all, kQuad), stream, all,
           reinterpret_cast<const __half*>(inputScale), planes, attended);
}

}  // namespace apertura::kernels::cuda
