// The two halves of a low-rank adapter inside other kernels: a block's share of A x, and a few
// lanes' share of a row of B times that.
#pragma once

#include "kernels/cuda/adapter_rows.h"
#include "kernels/cuda/device/dense_row.h"
#include "kernels/cuda/device/warp.h"

namespace apertura::kernels::cuda {

// Rows of A that a block takes: each activation read serves so many weights.
inline constexpr int kAdapterRowsPerBlock = 4;

// Blocks that computeAdapterRows() needs.
constexpr unsigned adapterBlocks(const AdapterRows& adapter) {
    return static_cast<unsigned>((adapter.a.rows + kAdapterRowsPerBlock - 1) /
                                 kAdapterRowsPerBlock);
}

// low[t, r] = row r of A times input t, for rows `firstRow` .. + 3, by all kWarps warps of the
// block, which split the inputs. Requires: inputs a multiple of 4.
template <int kTokens, int kWarps, typename Input>
__device__ void computeAdapterRows(const AdapterRows& adapter, int firstRow, const Input& input) {
    __shared__ float partial[kWarps][kAdapterRowsPerBlock][kTokens];
    float sums[kAdapterRowsPerBlock][kTokens] = {};
    const std::int64_t inputs = adapter.a.columns;
    const auto* const rows =
        reinterpret_cast<const std::uint16_t*>(adapter.a.data) + firstRow * inputs;
    const auto accumulate = [&](auto* typedRows) {
        accumulateDenseRows(typedRows, inputs, static_cast<int>(adapter.a.rows) - firstRow,
                            threadIdx.x / kWarpLanes, kWarps, input, sums);
    };
    if (adapter.a.type == NumberType::bf16) {
        accumulate(reinterpret_cast<const __nv_bfloat16*>(rows));
    } else {
        accumulate(reinterpret_cast<const __half*>(rows));
    }
#pragma unroll
    for (int r = 0; r < kAdapterRowsPerBlock; ++r) {
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            const float sum = warpSum(sums[r][t]);
            if (threadIdx.x % kWarpLanes == 0) {
                partial[threadIdx.x / kWarpLanes][r][t] = sum;
            }
        }
    }
    __syncthreads();
    const int r = threadIdx.x / kTokens;
    if (r < kAdapterRowsPerBlock && firstRow + r < adapter.a.rows) {
        const int t = threadIdx.x % kTokens;
        float total = 0.0F;
        for (int w = 0; w < kWarps; ++w) {
            total += partial[w][r][t];
        }
        adapter.low.data[t * adapter.low.stride + firstRow + r] = total;
    }
}

// Lanes that share a row of B: rows are short, so a warp takes four, 32 numbers of each at a time.
inline constexpr int kLowRankLanes = 8;

// The lane's share of row . low[t]; warpSum(sums[t], kLowRankLanes) is the whole.
template <typename Number, int kTokens>
__device__ void accumulateLowRank(const Number* row, Matrix<const float> low,
                                  float (&sums)[kTokens]) {
    const int member = threadIdx.x % kLowRankLanes;
    if (low.columns % kDenseQuad != 0) {
        for (std::int64_t r = member; r < low.columns; r += kLowRankLanes) {
            const float weight = toFloat(row[r]);
#pragma unroll
            for (int t = 0; t < kTokens; ++t) {
                sums[t] += weight * low.data[t * low.stride + r];
            }
        }
        return;
    }
    const StoredInput input = {low};
    for (std::int64_t r = member * kDenseQuad; r < low.columns; r += kLowRankLanes * kDenseQuad) {
        float weights[kDenseQuad];
        loadFloats(row + r, weights);
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            sums[t] = addProducts(weights, input(t, r), sums[t]);
        }
    }
}

// sums[t] = row `row` of B times low[t], in all kLowRankLanes lanes of the row. All lanes of the
// warp take part. Requires: B in BF16 or FP16, its data and low 16-byte aligned.
template <int kTokens>
__device__ void lowRankRow(const DenseMatrix& b, std::int64_t row, Matrix<const float> low,
                           float (&sums)[kTokens]) {
    const auto* const numbers = reinterpret_cast<const std::uint16_t*>(b.data) + row * b.columns;
    if (b.type == NumberType::bf16) {
        accumulateLowRank(reinterpret_cast<const __nv_bfloat16*>(numbers), low, sums);
    } else {
        accumulateLowRank(reinterpret_cast<const __half*>(numbers), low, sums);
    }
#pragma unroll
    for (int t = 0; t < kTokens; ++t) {
        sums[t] = warpSum(sums[t], kLowRankLanes);
    }
}

}  // namespace apertura::kernels::cuda
