#include "kernels/cuda/device/dispatch.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/low_rank.h"
#include "kernels/cuda/device/normed_planes.h"
#include "kernels/cuda/device/xielu_value.h"
#include "kernels/cuda/feedforward_up.h"
#include "kernels/cuda/quantized_matmul.h"

namespace apertura::kernels::cuda {

namespace {

// A block owns the outputs that share an activation scale of the next matrix, so that it quantizes
// them alone; each norms and quantizes the input again, which costs 1/128 of that per weight.
constexpr int kOutputs = kActivationGroup;
constexpr int kOutputBlocks = kOutputs / static_cast<int>(kBlockRows);
// Warps of a block: each takes row blocks of its own over all inputs. With twice as many that split
// the inputs, what every thread does once costs more: 1.37 instead of 1.30 instructions a weight
// where H is 4,096.
template <CodeBits bits, int kTokens>
inline constexpr int kWarps = kOutputBlocks / kWarpBlocks<bits, kTokens>;
// Blocks that a multiprocessor is to hold at least: with one token, 12 or 16 warps.
template <CodeBits bits, int kTokens>
inline constexpr int kBlocksAtOnce = kTokens > 1              ? 1
                                     : bits == CodeBits::four ? 3
                                                              : 2;
// Of the launch after it, one warp for each token at the end.
constexpr int kFinishThreads = kMaxDecodeRows * kWarpLanes;
// What a block may have on every device without asking.
constexpr std::size_t kSharedBytes = 48 * 1024;

template <CodeBits bits, int kTokens>
constexpr std::size_t staticSharedBytes() {
    return sizeof(float) * kTokens *
           (kOutputs + kWarps<bits, kTokens> * (1 + kAdapterRowsPerBlock));
}

// The block's outputs of one token, a quad in each lane of one warp, on their way out. `first` is
// the lane's first output; those beyond the last are not written.
__device__ void storeQuadOf(const Matrix<float>& target, int token, int first,
                            const float (&values)[kQuad]) {
    float* const to = target.data + token * target.stride + first;
    if (first + kQuad <= target.columns && target.stride % kQuad == 0) {
        *reinterpret_cast<float4*>(to) = make_float4(values[0], values[1], values[2], values[3]);
        return;
    }
    for (int i = 0; i < kQuad && first + i < target.columns; ++i) {
        to[i] = values[i];
    }
}

// All lanes of the warp take part; what lies beyond `outputs` is zero.
__device__ void finishQuad(const Activated& result, int token, int first, int outputs,
                           float (&values)[kQuad]) {
#pragma unroll
    for (int i = 0; i < kQuad; ++i) {
        values[i] = first + i < outputs ? xieluValue(result.xielu, values[i]) : 0.0F;
    }
    if (result.numbers.data != nullptr) {
        storeQuadOf(result.numbers, token, first, values);
    }
    if (result.planes.records == nullptr) {
        return;
    }
    const bool isInside = first < result.planes.inputs;
    if (isInside && result.inputScale != nullptr) {
        const float4 scale =
            loadHalfQuad(reinterpret_cast<const __half*>(result.inputScale) + first);
        values[0] *= scale.x;
        values[1] *= scale.y;
        values[2] *= scale.z;
        values[3] *= scale.w;
    }
    const QuantizedQuad quad = quantizeGroup(values);
    if (isInside) {
        storeQuad(quad, result.planes, token, first / kActivationGroup);
    }
}

// blockIdx.x counts the blocks of the adapter, then groups of outputs. Dynamic shared memory:
// planeBytes(kTokens, H).
template <CodeBits bits, ZeroKind zeros, int kTokens>
__global__ void __launch_bounds__(kWarps<bits, kTokens>* kWarpLanes, kBlocksAtOnce<bits, kTokens>)
    feedforwardUpKernel(PackedWeight weight, NormedInput input, InputTransform transform,
                        AdapterRows adapter, Activated result) {
    constexpr int kBlocks = kWarpBlocks<bits, kTokens>;
    constexpr int kBlockWarps = kWarps<bits, kTokens>;
    constexpr int kRows = kBlocks * static_cast<int>(kBlockRows);
    extern __shared__ uint4 dynamicMemory[];
    __shared__ float totals[kBlockWarps][kTokens][kRows];
    const NormedRows<kTokens> rows = normRows<kTokens, kBlockWarps>(input);
    const int group = static_cast<int>(blockIdx.x) - static_cast<int>(adapterBlocks(adapter));
    if (group < 0) {
        computeAdapterRows<kTokens, kBlockWarps>(adapter, blockIdx.x * kAdapterRowsPerBlock, rows);
        return;
    }
    const ActivationPlanes planes = {reinterpret_cast<ActivationRecord*>(dynamicMemory), kTokens,
                                     input.x.columns};
    quantizeRows<kTokens, kBlockWarps>(rows, transform, planes);

    const int warp = threadIdx.x / kWarpLanes;
    const int block = group * kOutputBlocks + warp * kBlocks;
    RowSums<kBlocks, kTokens> sums = {};
    if (block * static_cast<int>(kBlockRows) < weight.outputs) {
        accumulateRows<bits, zeros>(weight, block, 0, 1, planes, sums);
    }
    sumOverTeams(sums);
    storeRowSums(sums, totals[warp]);
    __syncthreads();
    if (warp >= kTokens) {
        return;
    }
    const int column = threadIdx.x % kWarpLanes * kQuad;
    float values[kQuad] = {};
#pragma unroll
    for (int i = 0; i < kQuad; ++i) {
        if (group * kOutputs + column + i < weight.outputs) {
            values[i] = totals[column / kRows][warp][column % kRows + i];
        }
    }
    if (adapter.a.rows > 0) {
        storeQuadOf(result.numbers, warp, group * kOutputs + column, values);
    } else {
        finishQuad(result, warp, group * kOutputs + column, weight.outputs, values);
    }
}

// blockIdx.x is the group of outputs.
template <int kTokens>
__global__ void __launch_bounds__(kFinishThreads)
    finishFeedforwardUpKernel(DenseMatrix b, Matrix<const float> low, Activated result) {
    __shared__ float totals[kTokens][kOutputs];
    constexpr int kRowsAtOnce = kFinishThreads / kLowRankLanes;
    for (int row = threadIdx.x / kLowRankLanes; row < kOutputs; row += kRowsAtOnce) {
        const std::int64_t output = static_cast<std::int64_t>(blockIdx.x) * kOutputs + row;
        // Lanes beyond the last row take part in its sums.
        const std::int64_t source = min(output, b.rows - 1);
        float sums[kTokens] = {};
        lowRankRow(b, source, low, sums);
        if (threadIdx.x % kLowRankLanes == 0) {
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
                const float before = result.numbers.data[t * result.numbers.stride + source];
                totals[t][row] = before + sums[t];
            }
        }
    }
    // Also before any of the numbers that were read above is written over.
    __syncthreads();
    const int token = threadIdx.x / kWarpLanes;
    if (token < kTokens) {
        const int column = threadIdx.x % kWarpLanes * kQuad;
        float values[kQuad];
#pragma unroll
        for (int i = 0; i < kQuad; ++i) {
            values[i] = totals[token][column + i];
        }
        finishQuad(result, token, blockIdx.x * kOutputs + column, static_cast<int>(b.rows), values);
    }
}

unsigned groupsOf(std::int64_t outputs) {
    return static_cast<unsigned>((outputs + kOutputs - 1) / kOutputs);
}

Activated tokenRange(const Activated& all, std::int64_t first, std::int64_t count) {
    Activated part = all;
    if (all.planes.records != nullptr) {
        part.planes = all.planes.tokenRange(first, count);
    }
    if (all.numbers.data != nullptr) {
        part.numbers = all.numbers.rowRange(first, count);
    }
    return part;
}

void checkResult(const Activated& result, std::int64_t tokens, std::int64_t outputs) {
    CHECK(result.planes.records == nullptr ||
          (result.planes.inputs == outputs && result.planes.tokens == tokens));
    CHECK(result.planes.records == nullptr || outputs % kRunInputs == 0);
    CHECK(result.numbers.data == nullptr ||
          (result.numbers.columns == outputs && result.numbers.rows == tokens));
}

}  // namespace

bool fitsFeedforwardUp(const QuantizedMatrix& up, std::int64_t tokens) {
    if (tokens > kMaxDecodeRows || !canMultiplyPlanes(up)) {
        return false;
    }
    bool fits = true;
    withCodes(up, [&](auto bits, auto /*zeros*/) {
        forEachPiece(tokens, [&](auto size, std::int64_t /*first*/) {
            fits = fits && planeBytes(size.value, up.inputs) +
                                   staticSharedBytes<bits.value, size.value>() <=
                               kSharedBytes;
        });
    });
    return fits;
}

void feedforwardUp(const QuantizedMatrix& up, const ResidualInput& input,
                   const AdapterRows& adapter, const Activated& result, Stream& stream) {
    const std::int64_t tokens = input.hidden.rows;
    CHECK(fitsFeedforwardUp(up, tokens) && input.hidden.columns == up.inputs);
    CHECK(input.hidden.stride % kQuad == 0);
    checkResult(result, tokens, up.outputs);
    if (adapter.a.rows > 0) {
        CHECK(adapter.a.type != NumberType::fp32 && adapter.a.columns == up.inputs);
        CHECK(adapter.low.rows == tokens && adapter.low.columns == adapter.a.rows);
        CHECK(result.numbers.data != nullptr);
    }
    const dim3 grid(adapterBlocks(adapter) + groupsOf(up.outputs));
    withCodes(up, [&](auto bits, auto zeros) {
        forEachPiece(tokens, [&](auto size, std::int64_t first) {
            AdapterRows rows = adapter;
            if (adapter.a.rows > 0) {
                rows.low = adapter.low.rowRange(first, size.value);
            }
            const NormedInput normed = {input.hidden.rowRange(first, size.value), input.norm,
                                        input.eps};
            launch(feedforwardUpKernel<bits.value, zeros.value, size.value>,
                   {grid, dim3(kWarps<bits.value, size.value> * kWarpLanes),
                    planeBytes(size.value, up.inputs)},
                   stream, packedWeight(up), normed, inputTransform(up), rows,
                   tokenRange(result, first, size.value));
        });
    });
}

void finishFeedforwardUp(const DenseMatrix& b, Matrix<const float> low, const Activated& result,
                         Stream& stream) {
    CHECK(low.rows <= kMaxDecodeRows && low.columns == b.columns && b.type != NumberType::fp32);
    CHECK(result.numbers.data != nullptr);
    checkResult(result, low.rows, b.rows);
    forEachPiece(low.rows, [&](auto size, std::int64_t first) {
        launch(finishFeedforwardUpKernel<size.value>,
               {dim3(groupsOf(b.rows)), dim3(kFinishThreads)}, stream, b,
               low.rowRange(first, size.value), tokenRange(result, first, size.value));
    });
}

}  // namespace apertura::kernels::cuda
