#include "kernels/cuda/device/dispatch.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/low_rank.h"
#include "kernels/cuda/quantized_matmul.h"
#include "kernels/cuda/store.h"

namespace apertura::kernels::cuda {

namespace {

// Warps of a block split the inputs; four take all of 4,096 inputs at once, a span of 128 in each
// team of lanes.
constexpr int kWarpsPerBlock = 4;

// Blocks that a multiprocessor is to hold at least: as many as the sums leave registers for.
template <int kTokens>
inline constexpr int kBlocksAtOnce = kTokens <= 4 ? 3 : 2;

// What a product is stored over, and the adapter whose A rows are computed beside it.
struct Extras {
    Store store = Store::replace;
    AdapterRows adapter;
    Matrix<const float> adapterInput;
};

// blockIdx.x counts the blocks of the adapter, then the row blocks in units of those that a warp
// takes.
template <CodeBits bits, ZeroKind zeros, int kTokens>
__global__ void __launch_bounds__(kWarpsPerBlock* kWarpLanes, kBlocksAtOnce<kTokens>)
    quantizedMatmulKernel(PackedWeight weight, ActivationPlanes x, Matrix<float> y, Extras extras) {
    const auto adapterCount = static_cast<int>(adapterBlocks(extras.adapter));
    const int block = static_cast<int>(blockIdx.x) - adapterCount;
    if (block < 0) {
        computeAdapterRows<kTokens, kWarpsPerBlock>(
            extras.adapter, blockIdx.x * kAdapterRowsPerBlock, StoredInput{extras.adapterInput});
        return;
    }
    constexpr int kBlocks = kWarpBlocks<bits, kTokens>;
    constexpr int kRows = kBlocks * static_cast<int>(kBlockRows);
    __shared__ float partial[kWarpsPerBlock][kTokens][kRows];
    const int warp = threadIdx.x / kWarpLanes;
    RowSums<kBlocks, kTokens> sums = {};
    accumulateRows<bits, zeros>(weight, block * kBlocks, warp, kWarpsPerBlock, x, sums);
    sumOverTeams(sums);
    storeRowSums(sums, partial[warp]);
    __syncthreads();
    for (int i = threadIdx.x; i < kTokens * kRows; i += kWarpsPerBlock * kWarpLanes) {
        const int t = i / kRows;
        const int row = i % kRows;
        const std::int64_t output = static_cast<std::int64_t>(block) * kRows + row;
        if (output < weight.outputs) {
            float total = 0.0F;
            for (int w = 0; w < kWarpsPerBlock; ++w) {
                total += partial[w][t][row];
            }
            float& result = y.data[t * y.stride + output];
            result = extras.store == Store::add ? result + total : total;
        }
    }
}

void launchAll(const QuantizedMatrix& weight, const ActivationPlanes& x, Matrix<float> y,
               const Extras& extras, Stream& stream) {
    CHECK(x.tokens >= 1 && x.tokens <= kMaxDecodeRows && x.tokens == y.rows);
    CHECK(x.inputs == weight.inputs && y.columns == weight.outputs);
    CHECK(canMultiplyPlanes(weight));
    withCodes(weight, [&](auto bits, auto zeros) {
        forEachPiece(x.tokens, [&](auto size, std::int64_t first) {
            Extras part = extras;
            if (extras.adapter.a.rows > 0) {
                part.adapter.low = extras.adapter.low.rowRange(first, size.value);
                part.adapterInput = extras.adapterInput.rowRange(first, size.value);
            }
            constexpr std::int64_t kBlocks = kWarpBlocks<bits.value, size.value>;
            const dim3 grid(
                adapterBlocks(extras.adapter) +
                static_cast<unsigned>((blockCount(weight.outputs) + kBlocks - 1) / kBlocks));
            launch(quantizedMatmulKernel<bits.value, zeros.value, size.value>,
                   {grid, dim3(kWarpsPerBlock * kWarpLanes)}, stream, packedWeight(weight),
                   x.tokenRange(first, size.value), y.rowRange(first, size.value), part);
        });
    });
}

}  // namespace

void quantizedMatmul(const QuantizedMatrix& weight, const ActivationPlanes& x, Matrix<float> y,
                     Stream& stream) {
    launchAll(weight, x, y, {}, stream);
}

void addQuantizedMatmul(const QuantizedMatrix& weight, const ActivationPlanes& x, Matrix<float> y,
                        const AdapterRows& adapter, Matrix<const float> adapterInput,
                        Stream& stream) {
    if (adapter.a.rows > 0) {
        CHECK(adapter.a.type != NumberType::fp32 && adapter.a.columns == adapterInput.columns);
        CHECK(adapter.low.rows == x.tokens && adapter.low.columns == adapter.a.rows);
        CHECK(adapterInput.columns == weight.inputs && adapterInput.rows == x.tokens);
        CHECK(adapterInput.stride % 4 == 0);
    }
    launchAll(weight, x, y, {Store::add, adapter, adapterInput}, stream);
}

}  // namespace apertura::kernels::cuda
