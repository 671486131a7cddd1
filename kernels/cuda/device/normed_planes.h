// RMSNorm and the split in planes of whole rows, inside each block of a product that needs them:
// a few reads more of a row from the cache instead of a launch in between.
#pragma once

#include "kernels/cuda/device/activation_quad.h"
#include "kernels/cuda/device/quantize_group.h"
#include "kernels/cuda/device/warp.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

// Rows on their way into planes: weight * x / sqrt(mean(x^2) + eps).
struct NormedInput {
    Matrix<const float> x;          // [T, I], rows 16-byte aligned
    const float* weight = nullptr;  // [I], 16-byte aligned
    float eps = 0.0F;
};

// One row, normed: its inputs one by one, or four neighbours.
struct NormedRow {
    const float* x;
    const float* weight;
    float factor;

    __device__ float operator()(unsigned input) const {
        return weight[input] * (x[input] * factor);
    }
    __device__ float4 quad(int first) const {
        const float4 values = *reinterpret_cast<const float4*>(x + first);
        const float4 weights = *reinterpret_cast<const float4*>(weight + first);
        return make_float4(weights.x * (values.x * factor), weights.y * (values.y * factor),
                           weights.z * (values.z * factor), weights.w * (values.w * factor));
    }
};

// The rows of some tokens, as computeAdapterRows() takes its input.
template <int kTokens>
struct NormedRows {
    NormedInput input;
    float factors[kTokens];

    __device__ NormedRow row(int t) const {
        return {input.x.data + t * input.x.stride, input.weight, factors[t]};
    }
    __device__ float4 operator()(int t, std::int64_t i) const {
        return row(t).quad(static_cast<int>(i));
    }
};

// By all kWarps warps of the block, to all of them, in a fixed order. Requires: I a multiple of 4.
template <int kTokens, int kWarps>
__device__ NormedRows<kTokens> normRows(const NormedInput& input) {
    __shared__ float partial[kTokens][kWarps];
    const auto columns = static_cast<int>(input.x.columns);
    NormedRows<kTokens> rows = {input, {}};
#pragma unroll
    for (int t = 0; t < kTokens; ++t) {
        const float* const x = input.x.data + t * input.x.stride;
        float squares = 0.0F;
        for (int i = threadIdx.x * kQuad; i < columns; i += kWarps * kWarpLanes * kQuad) {
            const float4 four = *reinterpret_cast<const float4*>(x + i);
            squares += four.x * four.x;
            squares += four.y * four.y;
            squares += four.z * four.z;
            squares += four.w * four.w;
        }
        squares = warpSum(squares);
        if (threadIdx.x % kWarpLanes == 0) {
            partial[t][threadIdx.x / kWarpLanes] = squares;
        }
    }
    __syncthreads();
#pragma unroll
    for (int t = 0; t < kTokens; ++t) {
        float squares = 0.0F;
        for (int warp = 0; warp < kWarps; ++warp) {
            squares += partial[t][warp];
        }
        rows.factors[t] = 1.0F / sqrtf(squares / static_cast<float>(columns) + input.eps);
    }
    return rows;
}

// Splits the rows into planes in shared memory, for all warps of the block to read.
template <int kTokens, int kWarps>
__device__ void quantizeRows(const NormedRows<kTokens>& rows, const InputTransform& transform,
                             const ActivationPlanes& planes) {
    const int lane = threadIdx.x % kWarpLanes;
    const auto inputs = static_cast<int>(planes.inputs);
    const auto groups = static_cast<int>(activationGroups(inputs));
    for (int group = threadIdx.x / kWarpLanes; group < groups; group += kWarps) {
        const int first = group * kActivationGroup + lane * kQuad;
        const bool isInside = first < inputs;
#pragma unroll
        for (int t = 0; t < kTokens; ++t) {
            float values[kQuad] = {};
            if (isInside) {
                gatherQuad(transform, first, rows.row(t), values);
            }
            const QuantizedQuad quad = quantizeGroup(values);
            if (isInside) {
                storeQuad(quad, planes, t, group);
            }
        }
    }
    __syncthreads();
}

}  // namespace apertura::kernels::cuda
