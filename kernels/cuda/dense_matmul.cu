#include "kernels/cuda/dense_matmul.h"
#include "kernels/cuda/device/dense_row.h"
#include "kernels/cuda/device/dispatch.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/warp.h"

namespace apertura::kernels::cuda {

namespace {

// One warp per output row: a row of 4,096 BF16 numbers is 16 loads of 512 bytes. Eight warps share
// the block so that the activations they read come from the same L1 cache.
constexpr int kRowsPerBlock = 8;
// Blocks that a multiprocessor is to hold at least: room for 128 registers, so that none is
// spilled.
constexpr int kBlocksAtOnce = 2;

// The lane's share of row . x[t], from numbers that may be read 16 bytes at a time.
template <typename Number, int kTokens>
__device__ void accumulateVectors(const Number* row, Matrix<const float> x,
                                  float (&sums)[kTokens]) {
    constexpr int kCount = kNumbersPerLoad<Number>;
    const int lane = threadIdx.x % kWarpLanes;
    for (std::int64_t i = lane * kCount; i < x.columns; i += kWarpLanes * kCount) {
        float weights[kCount];
        loadFloats(row + i, weights);
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            const auto* const values = reinterpret_cast<const float4*>(x.data + t * x.stride + i);
#pragma unroll
            for (int q = 0; q < kCount / 4; ++q) {
                sums[t] = addProducts(weights + 4 * q, values[q], sums[t]);
            }
        }
    }
}

template <typename Number, int kTokens>
__device__ void accumulateSingly(const Number* row, Matrix<const float> x, float (&sums)[kTokens]) {
    for (std::int64_t i = threadIdx.x % kWarpLanes; i < x.columns; i += kWarpLanes) {
        const float weight = toFloat(row[i]);
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            sums[t] += weight * x.data[t * x.stride + i];
        }
    }
}

enum class Access { vectors, singly };

template <typename Number, int kTokens, Access access>
__global__ void __launch_bounds__(kRowsPerBlock* kWarpLanes, kBlocksAtOnce)
    denseMatmulKernel(const Number* weight, Matrix<const float> x, Matrix<float> y, Store store) {
    const std::int64_t output =
        static_cast<std::int64_t>(blockIdx.x) * kRowsPerBlock + threadIdx.x / kWarpLanes;
    if (output >= y.columns) {
        return;  // the whole warp
    }
    const Number* const row = weight + output * x.columns;
    float sums[kTokens] = {};
    if constexpr (access == Access::vectors) {
        accumulateVectors<Number, kTokens>(row, x, sums);
    } else {
        accumulateSingly<Number, kTokens>(row, x, sums);
    }
#pragma unroll
    for (int t = 0; t < kTokens; ++t) {
        const float total = warpSum(sums[t]);
        if (threadIdx.x % kWarpLanes == 0) {
            float& result = y.data[t * y.stride + output];
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
    // Every row and every token must begin on 16 bytes.
    const bool canUseVectors = x.columns % kNumbersPerLoad<Number> == 0 && x.stride % 4 == 0 &&
                               isAligned(weight.data) && isAligned(x.data);
    const dim3 grid(static_cast<unsigned>((y.columns + kRowsPerBlock - 1) / kRowsPerBlock));
    const auto kernel = canUseVectors ? denseMatmulKernel<Number, kTokens, Access::vectors>
                                      : denseMatmulKernel<Number, kTokens, Access::singly>;
    launch(kernel, {grid, dim3(kRowsPerBlock * kWarpLanes)}, stream,
           reinterpret_cast<const Number*>(weight.data), x, y, store);
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
