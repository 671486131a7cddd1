#include "kernels/cuda/dense_matmul.h"
#include "kernels/cuda/device/dense_row.h"
#include "kernels/cuda/device/dispatch.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/warp.h"

namespace apertura::kernels::cuda {

namespace {

constexpr int kWarps = 8;
// Blocks that a multiprocessor is to hold at least: room for 128 registers, so that none is
// spilled.
constexpr int kBlocksAtOnce = 2;
// Warps share rows where there are too few of them to fill a large device, 16 warps on each of 128
// multiprocessors, so long as each takes so many inputs.
constexpr std::int64_t kWarpsToFill = 2048;
constexpr std::int64_t kInputsPerWarp = 512;

// Rows that a warp takes at once: each activation read serves so many weights, and each lane has so
// many loads in flight.
template <int kTokens>
inline constexpr int kRowsPerWarp = kTokens <= 2 ? 8 : 4;

// As accumulateDenseRows(), for rows of any length at any alignment.
template <int kRows, int kTokens, typename Number>
__device__ void accumulateSingly(const Number* rows, int count, int worker, int workers,
                                 Matrix<const float> x, float (&sums)[kRows][kTokens]) {
    const int lane = worker * kWarpLanes + threadIdx.x % kWarpLanes;
    for (std::int64_t i = lane; i < x.columns; i += workers * kWarpLanes) {
#pragma unroll
        for (int r = 0; r < kRows; ++r) {
            if (r < count) {
                const float weight = toFloat(rows[r * x.columns + i]);
#pragma unroll
                for (int t = 0; t < kTokens; ++t) {
                    sums[r][t] += weight * x.data[t * x.stride + i];
                }
            }
        }
    }
}

enum class Access { quads, singly };

// `splits` (1, 2, 4 or 8) warps share the inputs of kRowsPerWarp rows.
template <typename Number, int kTokens, Access access>
__global__ void __launch_bounds__(kWarps* kWarpLanes, kBlocksAtOnce)
    denseMatmulKernel(const Number* weight, Matrix<const float> x, Matrix<float> y, Store store,
                      int splits) {
    constexpr int kRows = kRowsPerWarp<kTokens>;
    __shared__ float partial[kWarps][kRows][kTokens];
    const int warp = threadIdx.x / kWarpLanes;
    const std::int64_t blockOutput =
        static_cast<std::int64_t>(blockIdx.x) * (kWarps / splits) * kRows;
    const std::int64_t output = blockOutput + warp / splits * kRows;
    const auto count = static_cast<int>(min(y.columns - output, std::int64_t{kRows}));
    float sums[kRows][kTokens] = {};
    if (count > 0) {
        const Number* const rows = weight + output * x.columns;
        if constexpr (access == Access::quads) {
            accumulateDenseRows(rows, x.columns, count, warp % splits, splits, StoredInput{x},
                                sums);
        } else {
            accumulateSingly(rows, count, warp % splits, splits, x, sums);
        }
    }
#pragma unroll
    for (int r = 0; r < kRows; ++r) {
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            const float sum = warpSum(sums[r][t]);
            if (threadIdx.x % kWarpLanes == 0) {
                partial[warp][r][t] = sum;
            }
        }
    }
    __syncthreads();
    // Rows of the block by token, one number in each thread.
    const int rows = kWarps / splits * kRows;
    for (int i = threadIdx.x; i < rows * kTokens; i += kWarps * kWarpLanes) {
        const int row = i % rows;
        const int t = i / rows;
        if (blockOutput + row < y.columns) {
            float total = 0.0F;
            for (int s = 0; s < splits; ++s) {
                total += partial[row / kRows * splits + s][row % kRows][t];
            }
            float& result = y.data[t * y.stride + blockOutput + row];
            result = store == Store::add ? result + total : total;
        }
    }
}

template <typename Number, int kTokens>
void launchFor(const DenseMatrix& weight, Matrix<const float> x, Matrix<float> y, Store store,
               Stream& stream) {
    const auto isAligned = [](const void* data) {
        return reinterpret_cast<std::uintptr_t>(data) % 16 == 0;
    };
    // Every row and every token must begin where a quad may.
    const bool canUseQuads = x.columns % kDenseQuad == 0 && x.stride % kDenseQuad == 0 &&
                             isAligned(weight.data) && isAligned(x.data);
    int splits = 1;
    while (splits < kWarps && y.columns * splits < kWarpsToFill * kRowsPerWarp<kTokens> &&
           x.columns >= 2 * splits * kInputsPerWarp) {
        splits *= 2;
    }
    const std::int64_t rowsPerBlock = kWarps / splits * kRowsPerWarp<kTokens>;
    const dim3 grid(static_cast<unsigned>((y.columns + rowsPerBlock - 1) / rowsPerBlock));
    const auto kernel = canUseQuads ? denseMatmulKernel<Number, kTokens, Access::quads>
                                    : denseMatmulKernel<Number, kTokens, Access::singly>;
    launch(kernel, {grid, dim3(kWarps * kWarpLanes)}, stream,
           reinterpret_cast<const Number*>(weight.data), x, y, store, splits);
}

template <typename Number>
void launchTokens(const DenseMatrix& weight, Matrix<const float> x, Matrix<float> y, Store store,
                  Stream& stream) {
    forEachPiece(x.rows, [&](auto size, std::int64_t first) {
        launchFor<Number, size.value>(weight, x.rowRange(first, size.value),
                                      y.rowRange(first, size.value), store, stream);
    });
}

}  // namespace

void denseMatmul(const DenseMatrix& weight, Matrix<const float> x, Matrix<float> y, Store store,
                 Stream& stream) {
    CHECK(x.columns == weight.columns && y.columns == weight.rows && x.rows == y.rows);
    switch (weight.type) {
        case NumberType::bf16:
            return launchTokens<__nv_bfloat16>(weight, x, y, store, stream);
        case NumberType::fp16:
            return launchTokens<__half>(weight, x, y, store, stream);
        case NumberType::fp32:
            return launchTokens<float>(weight, x, y, store, stream);
    }
}

}  // namespace apertura::kernels::cuda
