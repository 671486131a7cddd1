// Splitting a group of activations in two int8 planes; see activations.h.
#pragma once

#include <cstdint>

#include "kernels/cuda/activations.h"
#include "kernels/cuda/device/warp.h"

namespace apertura::kernels::cuda {

inline constexpr int kQuad = 4;
inline constexpr int kRunLanes = kRunInputs / kQuad;
static_assert(kActivationGroup == kWarpLanes * kQuad);

// A lane's four neighbouring activations, the first in the lowest byte.
struct QuantizedQuad {
    unsigned high = 0;
    unsigned low = 0;
    float scale = 0.0F;    // the group's, in every lane
    std::int32_t sum = 0;  // the run's, in each of its 8 lanes
};

// Four activations per lane; the 32 lanes of the warp are one group. All lanes take part, those
// beyond the row with zeros. A value that is not finite makes the group's scale NaN, so that it
// shows in the result.
__device__ inline QuantizedQuad quantizeGroup(const float (&values)[kQuad]) {
    // Magnitudes as integers: they order like the numbers, infinity and NaN above all.
    unsigned largestBits = 0;
#pragma unroll
    for (int i = 0; i < kQuad; ++i) {
        largestBits = max(largestBits, __float_as_uint(values[i]) & 0x7FFFFFFFU);
    }
    largestBits = warpMax(largestBits);
    const bool isFinite = largestBits < 0x7F800000U;
    const float largest = __uint_as_float(largestBits);
    // A subnormal scale has no reciprocal; its group is below 2^-110 and counts as zero. So does
    // what is not finite.
    const bool hasInverse = isFinite && largest > 0x1p-110F;
    const float inverse = hasInverse ? static_cast<float>(kLargestPlaneValue) / largest : 0.0F;
    int wholes[kQuad];
    int rounded[kQuad];
    QuantizedQuad quad;
#pragma unroll
    for (int i = 0; i < kQuad; ++i) {
        wholes[i] = __float2int_rn(values[i] * inverse);  // NaN gives 0
        rounded[i] = wholes[i] + 128;
        quad.sum += wholes[i];
    }
    // whole = 256 * high + low: low is its lowest byte as a signed number, high the next byte after
    // rounding.
    quad.low = __byte_perm(__byte_perm(wholes[0], wholes[1], 0x0040),
                           __byte_perm(wholes[2], wholes[3], 0x0040), 0x5410);
    quad.high = __byte_perm(__byte_perm(rounded[0], rounded[1], 0x0051),
                            __byte_perm(rounded[2], rounded[3], 0x0051), 0x5410);
    for (int step = kRunLanes / 2; step > 0; step /= 2) {
        quad.sum += __shfl_xor_sync(kAllLanes, quad.sum, step);
    }
    quad.scale = isFinite ? largest * (1.0F / static_cast<float>(kLargestPlaneValue)) : NAN;
    return quad;
}

// Writes the lane's quad of group `group` of `token`. All lanes of the warp take part in
// quantizeGroup(); those beyond the row do not write.
__device__ inline void storeQuad(const QuantizedQuad& quad, const ActivationPlanes& planes,
                                 int token, int group) {
    const auto groups = static_cast<int>(activationGroups(planes.inputs));
    ActivationRecord& record = planes.records[token * groups + group];
    const int lane = threadIdx.x % kWarpLanes;
    *reinterpret_cast<unsigned*>(record.high + lane * kQuad) = quad.high;
    *reinterpret_cast<unsigned*>(record.low + lane * kQuad) = quad.low;
    if (lane % kRunLanes == 0) {
        record.sum[lane / kRunLanes] = quad.sum;
    }
    if (lane == 0) {
        record.scale = quad.scale;
    }
}

}  // namespace apertura::kernels::cuda
