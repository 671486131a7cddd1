#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/quantized_rows.h"
#include "kernels/cuda/quantized_matmul.h"

namespace apertura::kernels::cuda {

namespace {

// Warps of a block split the inputs of one row block; four keep a block of 16 rows of 4096 inputs
// at four rounds each, and give 1,024 warps for 4,096 outputs.
constexpr int kWarpsPerBlock = 4;

// Blocks that a multiprocessor is to hold at least: as many as the sums leave registers for.
// Without it the compiler spills a few of them to hold one block more.
template <int kTokens>
inline constexpr int kBlocksAtOnce = kTokens == 1   ? 6
                                     : kTokens == 2 ? 4
                                                    : 3;

// blockIdx.x is the row block.
template <CodeBits bits, ZeroKind zeros, int kTokens>
__global__ void __launch_bounds__(kWarpsPerBlock* kWarpLanes, kBlocksAtOnce<kTokens>)
    quantizedMatmulKernel(PackedWeight weight, ActivationPlanes x, Matrix<float> y) {
    __shared__ float partial[kWarpsPerBlock][kTokens][kBlockRows];
    const int warp = threadIdx.x / kWarpLanes;
    const int lane = threadIdx.x % kWarpLanes;
    RowValues sums[kTokens] = {};
    accumulateRows<bits, zeros, kTokens>(weight, blockIdx.x, warp, kWarpsPerBlock, x, sums);
    sumOverTeams(sums);
    if (lane < kTeamLanes) {
        for (int t = 0; t < kTokens; ++t) {
            for (int r = 0; r < kLaneRows; ++r) {
                partial[warp][t][lane * kLaneRows + r] = sums[t].row[r];
            }
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < kTokens * kBlockRows; i += kWarpsPerBlock * kWarpLanes) {
        const int t = i / kBlockRows;
        const int row = i % kBlockRows;
        const std::int64_t output = static_cast<std::int64_t>(blockIdx.x) * kBlockRows + row;
        if (output < weight.outputs) {
            float total = 0.0F;
            for (int w = 0; w < kWarpsPerBlock; ++w) {
                total += partial[w][t][row];
            }
            y.data[t * y.stride + output] = total;
        }
    }
}

template <CodeBits bits, ZeroKind zeros, int kTokens>
void launchFor(const QuantizedMatrix& weight, const ActivationPlanes& x, Matrix<float> y,
               Stream& stream) {
    const dim3 grid(static_cast<unsigned>(blockCount(weight.outputs)));
    launch(quantizedMatmulKernel<bits, zeros, kTokens>, {grid, dim3(kWarpsPerBlock * kWarpLanes)},
           stream, packedWeight(weight), x, y);
}

// Tokens in pieces of 8, 4, 2 and 1, each of which has a kernel.
template <CodeBits bits, ZeroKind zeros>
void launchTokens(const QuantizedMatrix& weight, const ActivationPlanes& x, Matrix<float> y,
                  Stream& stream) {
    for (std::int64_t first = 0; first < x.tokens;) {
        const std::int64_t left = x.tokens - first;
        const std::int64_t piece = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        const std::int64_t groups = x.inputs / kActivationGroup;
        const ActivationPlanes part = {x.high + first * x.inputs,
                                       x.low + first * x.inputs,
                                       x.scale + first * groups,
                                       x.sum + first * groups,
                                       piece,
                                       x.inputs};
        const Matrix<float> result = y.rowRange(first, piece);
        switch (piece) {
            case 8:
                launchFor<bits, zeros, 8>(weight, part, result, stream);
                break;
            case 4:
                launchFor<bits, zeros, 4>(weight, part, result, stream);
                break;
            case 2:
                launchFor<bits, zeros, 2>(weight, part, result, stream);
                break;
            default:
                launchFor<bits, zeros, 1>(weight, part, result, stream);
        }
        first += piece;
    }
}

template <CodeBits bits>
void launchZeros(const QuantizedMatrix& weight, const ActivationPlanes& x, Matrix<float> y,
                 Stream& stream) {
    switch (zeroKind(weight)) {
        case ZeroKind::symmetric:
            return launchTokens<bits, ZeroKind::symmetric>(weight, x, y, stream);
        case ZeroKind::integer:
            return launchTokens<bits, ZeroKind::integer>(weight, x, y, stream);
        case ZeroKind::real:
            return launchTokens<bits, ZeroKind::real>(weight, x, y, stream);
    }
}

}  // namespace

void quantizedMatmul(const QuantizedMatrix& weight, const ActivationPlanes& x, Matrix<float> y,
                     Stream& stream) {
    CHECK(x.tokens >= 1 && x.tokens <= kMaxDecodeRows && x.tokens == y.rows);
    CHECK(x.inputs == weight.inputs && y.columns == weight.outputs);
    CHECK(weight.inputs % kRunInputs == 0 && weight.groupSize % kRunInputs == 0);
    if (weight.bits == CodeBits::four) {
        launchZeros<CodeBits::four>(weight, x, y, stream);
    } else {
        launchZeros<CodeBits::eight>(weight, x, y, stream);
    }
}

}  // namespace apertura::kernels::cuda
