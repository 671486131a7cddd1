// Splitting a group of activations in two int8 planes; see activations.h.
#pragma once

#include <cstdint>

#include "kernels/cuda/activations.h"
#include "kernels/cuda/device/warp.h"

namespace apertura::kernels::cuda {

struct QuantizedLane {
    std::int8_t high = 0;
    std::int8_t low = 0;
    float scale = 0.0F;    // the group's, in every lane
    std::int32_t sum = 0;  // the group's, in every lane
};

// One activation per lane; the 32 lanes of the warp are one group. All lanes take part.
// A value that is not finite makes the group's scale NaN, so that it shows in the result.
__device__ inline QuantizedLane quantizeGroup(float value) {
    static_assert(kActivationGroup == kWarpLanes);
    const float largest = warpMax(fabsf(value));
    const bool isFinite = __all_sync(kAllLanes, isfinite(value));
    QuantizedLane lane;
    lane.scale = largest / static_cast<float>(kLargestPlaneValue);
    // A subnormal scale has no reciprocal; its group is below 2^-110 and counts as zero.
    const float inverse =
        largest > 0x1p-110F ? static_cast<float>(kLargestPlaneValue) / largest : 0.0F;
    const int whole = isFinite ? __float2int_rn(value * inverse) : 0;
    const int high = (whole + 128) >> 8;
    lane.high = static_cast<std::int8_t>(high);
    lane.low = static_cast<std::int8_t>(whole - high * 256);
    int sum = whole;
    for (int step = kWarpLanes / 2; step > 0; step /= 2) {
        sum += __shfl_xor_sync(kAllLanes, sum, step);
    }
    lane.sum = sum;
    if (!isFinite) {
        lane.scale = NAN;
    }
    return lane;
}

}  // namespace apertura::kernels::cuda
