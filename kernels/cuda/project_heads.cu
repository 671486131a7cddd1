#include <algorithm>
#include <array>

#include "kernels/cuda/device/dispatch.h"
#include "kernels/cuda/device/finish_head.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/low_rank.h"
#include "kernels/cuda/device/normed_planes.h"
#include "kernels/cuda/project_heads.h"
#include "kernels/cuda/quantized_matmul.h"

namespace apertura::kernels::cuda {

namespace {

// A block has a head, so that QK-norm and RoPE find all of it; its warps share out row blocks and
// inputs. There are fewer heads than multiprocessors on a large card, so that a block has one for
// itself, and its lanes 255 registers for loads in flight.
constexpr int kWarps = 8;
constexpr int kThreads = kWarps * kWarpLanes;
constexpr int kLargestHeadDim = 256;
// More tokens at once would need more shared memory than hidden sizes from 2048 on leave.
constexpr std::int64_t kMostTokens = 4;
// What a block may have on every device without asking.
constexpr std::size_t kSharedBytes = 48 * 1024;

// A matrix as the kernels take it.
struct Projected {
    PackedWeight weight;
    InputTransform transform;
    HeadRole role = HeadRole::query;
    int heads = 0;  // 0 behind the last matrix
    AdapterRows adapter;
    DenseMatrix b;
    Matrix<const float> low;  // the adapter's, to be read
    Matrix<float> raw;
};

constexpr int kMatrices = 3;

struct Projection {
    Projected matrices[kMatrices];
    NormedInput input;
    HeadStep step;
    int firstToken = 0;  // of the step, that this piece begins with
};

// Where the warps of a block meet.
template <CodeBits bits, int kTokens>
struct HeadSums {
    static constexpr int kBlocks = kWarpBlocks<bits, kTokens>;
    static constexpr int kRows = kBlocks * static_cast<int>(kBlockRows);
    static constexpr int kMostUnits = kLargestHeadDim / kRows;

    float partial[kMostUnits > kWarps ? kMostUnits : kWarps][kTokens][kRows];
    float head[kTokens][kLargestHeadDim];
};

template <CodeBits bits, int kTokens>
constexpr std::size_t staticSharedBytes() {
    return sizeof(HeadSums<bits, kTokens>) +
           sizeof(float) * kTokens * kWarps * (1 + kAdapterRowsPerBlock);
}

// sums.head = the products of head `head`.
template <CodeBits bits, ZeroKind zeros, int kTokens>
__device__ inline void multiplyHead(const PackedWeight& weight, int head, int headDim,
                                    const ActivationPlanes& planes, HeadSums<bits, kTokens>& sums) {
    constexpr int kBlocks = HeadSums<bits, kTokens>::kBlocks;
    constexpr int kRows = HeadSums<bits, kTokens>::kRows;
    // A unit is what a warp takes of the head's rows; where warps are left over, they split inputs.
    const int units = (headDim + kRows - 1) / kRows;
    const int splits = max(kWarps / units, 1);
    for (int share = threadIdx.x / kWarpLanes; share < units * splits; share += kWarps) {
        const int block = head * headDim / static_cast<int>(kBlockRows) + share % units * kBlocks;
        RowSums<kBlocks, kTokens> rows = {};
        accumulateRows<bits, zeros>(weight, block, share / units, splits, planes, rows);
        sumOverTeams(rows);
        storeRowSums(rows, sums.partial[share]);
    }
    __syncthreads();
    for (int i = threadIdx.x; i < kTokens * headDim; i += kThreads) {
        const int t = i / headDim;
        const int d = i % headDim;
        float total = 0.0F;
        for (int s = 0; s < splits; ++s) {
            total += sums.partial[s * units + d / kRows][t][d % kRows];
        }
        sums.head[t][d] = total;
    }
    __syncthreads();
}

// The matrix, and its index inside, that `index` counts to, where each has count(matrix).
struct Place {
    int matrix;
    int index;
};
template <typename Count>
__device__ inline Place placeOf(const Projection& all, int index, const Count& count) {
    int which = 0;
    while (index >= count(all.matrices[which])) {
        index -= count(all.matrices[which]);
        ++which;
    }
    return {which, index};
}

__device__ inline int adapterBlocksOf(const Projected& matrix) {
    return static_cast<int>(adapterBlocks(matrix.adapter));
}

// blockIdx.x counts the blocks of the adapters, then the heads, both through all matrices. Dynamic
// shared memory: planeBytes(kTokens, H).
template <CodeBits bits, ZeroKind zeros, int kTokens>
__global__ void __launch_bounds__(kThreads, 1)
    projectHeadsKernel(const __grid_constant__ Projection all) {
    extern __shared__ uint4 dynamicMemory[];
    __shared__ HeadSums<bits, kTokens> sums;
    const NormedRows<kTokens> rows = normRows<kTokens, kWarps>(all.input);
    int index = blockIdx.x;
    for (const Projected& matrix : all.matrices) {
        if (index >= 0 && index < adapterBlocksOf(matrix)) {
            computeAdapterRows<kTokens, kWarps>(matrix.adapter, index * kAdapterRowsPerBlock, rows);
            return;
        }
        index -= adapterBlocksOf(matrix);
    }
    const Place place = placeOf(all, index, [](const Projected& matrix) { return matrix.heads; });
    const Projected& matrix = all.matrices[place.matrix];
    const ActivationPlanes planes = {reinterpret_cast<ActivationRecord*>(dynamicMemory), kTokens,
                                     all.input.x.columns};
    quantizeRows<kTokens, kWarps>(rows, matrix.transform, planes);
    const auto headDim = static_cast<int>(all.step.cache.headDim);
    multiplyHead<bits, zeros, kTokens>(matrix.weight, place.index, headDim, planes, sums);
    if (matrix.adapter.a.rows > 0) {
        for (int i = threadIdx.x; i < kTokens * headDim; i += kThreads) {
            const int t = i / headDim;
            const int d = i % headDim;
            matrix.raw.data[t * matrix.raw.stride + place.index * headDim + d] = sums.head[t][d];
        }
        return;
    }
    const int warp = threadIdx.x / kWarpLanes;
    if (warp < kTokens) {
        finishHead(all.step, matrix.role, place.index, all.firstToken + warp, sums.head[warp]);
    }
}

// The heads of matrices with adapters: raw + B low, and on as above. blockIdx.x counts the heads.
template <int kTokens>
__global__ void __launch_bounds__(kThreads, 1)
    finishHeadsKernel(const __grid_constant__ Projection all) {
    __shared__ float numbers[kTokens][kLargestHeadDim];
    const Place place =
        placeOf(all, blockIdx.x, [](const Projected& matrix) { return matrix.heads; });
    const Projected& matrix = all.matrices[place.matrix];
    const auto headDim = static_cast<int>(all.step.cache.headDim);
    constexpr int kRowsAtOnce = kThreads / kLowRankLanes;
    for (int base = 0; base < headDim; base += kRowsAtOnce) {
        const int d = base + threadIdx.x / kLowRankLanes;
        // Lanes beyond the head take part in its sums.
        const int output = place.index * headDim + min(d, headDim - 1);
        float lowRank[kTokens] = {};
        lowRankRow(matrix.b, output, matrix.low, lowRank);
        if (threadIdx.x % kLowRankLanes == 0 && d < headDim) {
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
                numbers[t][d] = matrix.raw.data[t * matrix.raw.stride + output] + lowRank[t];
            }
        }
    }
    __syncthreads();
    const int warp = threadIdx.x / kWarpLanes;
    if (warp < kTokens) {
        finishHead(all.step, matrix.role, place.index, all.firstToken + warp, numbers[warp]);
    }
}

using Matrices = std::array<const HeadMatrix*, kMatrices>;

// Launches for tokens [first, first + count) of the matrices that `isMeant`.
struct Piece {
    const Matrices& matrices;
    const HeadInput& input;
    const HeadStep& step;
    std::int64_t first;
    std::int64_t count;

    template <typename IsMeant>
    Projection of(const IsMeant& isMeant) const {
        Projection all;
        all.input = {input.hidden.rowRange(first, count), input.norm, step.eps};
        all.step = step;
        all.firstToken = static_cast<int>(first);
        int used = 0;
        for (int m = 0; m < kMatrices; ++m) {
            const HeadMatrix& matrix = *matrices[static_cast<std::size_t>(m)];
            if (!isMeant(matrix)) {
                continue;
            }
            Projected& projected = all.matrices[used++];
            projected.weight = packedWeight(matrix.weight);
            projected.transform = inputTransform(matrix.weight);
            projected.role = static_cast<HeadRole>(m);
            projected.heads = static_cast<int>(matrix.weight.outputs / step.cache.headDim);
            if (matrix.adapter.a.rows > 0) {
                projected.adapter = {matrix.adapter.a, matrix.adapter.low.rowRange(first, count)};
                projected.b = matrix.b;
                projected.low = projected.adapter.low;
                projected.raw = matrix.raw.rowRange(first, count);
            }
        }
        return all;
    }
};

unsigned headsOf(const Projection& all) {
    unsigned heads = 0;
    for (const Projected& matrix : all.matrices) {
        heads += static_cast<unsigned>(matrix.heads);
    }
    return heads;
}

unsigned adapterBlocksOf(const Projection& all) {
    unsigned blocks = 0;
    for (const Projected& matrix : all.matrices) {
        blocks += adapterBlocks(matrix.adapter);
    }
    return blocks;
}

// The pieces of a step's tokens that kernels are compiled for.
template <typename Visit>
void forEachProjectedPiece(std::int64_t tokens, const Visit& visit) {
    for (std::int64_t first = 0; first < tokens; first += kMostTokens) {
        forEachPiece(std::min(kMostTokens, tokens - first), [&](auto size, std::int64_t offset) {
            if constexpr (size.value <= kMostTokens) {
                visit(size, first + offset);
            }
        });
    }
}

bool isSameKind(const QuantizedMatrix& a, const QuantizedMatrix& b) {
    return a.bits == b.bits && zeroKind(a) == zeroKind(b);
}

void check(const HeadMatrix& matrix, const HeadInput& input, const HeadStep& step) {
    const std::int64_t tokens = input.hidden.rows;
    CHECK(fitsProjectHeads(matrix.weight, step.cache.headDim, tokens));
    CHECK(matrix.weight.inputs == input.hidden.columns);
    if (matrix.adapter.a.rows > 0) {
        CHECK(matrix.adapter.a.type != NumberType::fp32 && matrix.b.type != NumberType::fp32);
        CHECK(matrix.adapter.a.columns == matrix.weight.inputs);
        CHECK(matrix.adapter.low.rows == tokens && matrix.adapter.low.columns == matrix.b.columns);
        CHECK(matrix.b.rows == matrix.weight.outputs && matrix.b.columns == matrix.adapter.a.rows);
        CHECK(matrix.raw.rows == tokens && matrix.raw.columns == matrix.weight.outputs);
    }
}

}  // namespace

bool fitsProjectHeads(const QuantizedMatrix& weight, std::int64_t headDim, std::int64_t tokens) {
    if (tokens > kMaxDecodeRows || !canMultiplyPlanes(weight) || headDim % kBlockRows != 0 ||
        headDim > kLargestHeadDim || weight.outputs % headDim != 0) {
        return false;
    }
    bool fits = true;
    withCodes(weight, [&](auto bits, auto /*zeros*/) {
        forEachProjectedPiece(tokens, [&](auto size, std::int64_t /*first*/) {
            fits = fits && planeBytes(size.value, weight.inputs) +
                                   staticSharedBytes<bits.value, size.value>() <=
                               kSharedBytes;
        });
    });
    return fits;
}

void projectHeads(const HeadMatrices& matrices, const HeadInput& input, const HeadStep& step,
                  Stream& stream) {
    const Matrices each = {&matrices.query, &matrices.key, &matrices.value};
    for (const HeadMatrix* matrix : each) {
        check(*matrix, input, step);
    }
    const std::int64_t tokens = input.hidden.rows;
    CHECK(input.hidden.stride % kQuad == 0 && step.query.rows == tokens);
    CHECK(step.query.columns == matrices.query.weight.outputs);
    CHECK(matrices.key.weight.outputs == step.cache.kvHeads * step.cache.headDim);
    CHECK(matrices.value.weight.outputs == matrices.key.weight.outputs);
    CHECK(2 * step.cosines.columns == step.cache.headDim &&
          step.sines.columns == step.cosines.columns);
    CHECK(!step.firstPosition.isKnown() ||
          step.firstPosition.value + tokens <= step.cache.capacity);
    for (std::size_t m = 0; m < each.size(); ++m) {
        const QuantizedMatrix& weight = each[m]->weight;
        const auto isOfKind = [&weight](const HeadMatrix* matrix) {
            return isSameKind(matrix->weight, weight);
        };
        if (std::any_of(each.begin(), each.begin() + static_cast<std::ptrdiff_t>(m), isOfKind)) {
            continue;  // done with an earlier one
        }
        withCodes(weight, [&](auto bits, auto zeros) {
            forEachProjectedPiece(tokens, [&](auto size, std::int64_t first) {
                const Projection all = Piece{each, input, step, first, size.value}.of(
                    [&](const HeadMatrix& matrix) { return isOfKind(&matrix); });
                launch(projectHeadsKernel<bits.value, zeros.value, size.value>,
                       {dim3(adapterBlocksOf(all) + headsOf(all)), dim3(kThreads),
                        planeBytes(size.value, weight.inputs)},
                       stream, all);
            });
        });
    }
    forEachProjectedPiece(tokens, [&](auto size, std::int64_t first) {
        const Projection all = Piece{each, input, step, first, size.value}.of(
            [](const HeadMatrix& matrix) { return matrix.adapter.a.rows > 0; });
        if (headsOf(all) > 0) {
            launch(finishHeadsKernel<size.value>, {dim3(headsOf(all)), dim3(kThreads)}, stream,
                   all);
        }
    });
}

}  // namespace apertura::kernels::cuda
