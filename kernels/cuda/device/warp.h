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

// One instruction from sm_80 on.
__device__ inline unsigned warpMax(unsigned value) {
#if __CUDA_ARCH__ >= 800
    return __reduce_max_sync(kAllLanes, value);
#else
    for (int step = kWarpLanes / 2; step > 0; step /= 2) {
        value = max(value, __shfl_xor_sync(kAllLanes, value, step));
    }
    return value;
#endif
}

}  // namespace apertura::kernels::cuda
