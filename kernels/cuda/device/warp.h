// Sums and maxima over the 32 lanes of a warp, in a fixed order, so that results are bit-identical
// from run to run. Every lane gets the result.
#pragma once

namespace apertura::kernels::cuda {

constexpr unsigned kAllLanes = 0xFFFFFFFFU;
constexpr int kWarpLanes = 32;

// Over the lanes that differ in the bits below `width` (a power of two).
__device__ inline float warpSum(float value, int width = kWarpLanes) {
    for (int step = width / 2; step > 0; step /= 2) {
        value += __shfl_xor_sync(kAllLanes, value, step);
    }
    return value;
}

__device__ inline float warpMax(float value, int width = kWarpLanes) {
    for (int step = width / 2; step > 0; step /= 2) {
        value = fmaxf(value, __shfl_xor_sync(kAllLanes, value, step));
    }
    return value;
}

}  // namespace apertura::kernels::cuda
