// The inner product that the reference ops share.
#pragma once

#include <cstdint>

namespace apertura::kernels::reference {

// Rounding: 16 running sums in float32, element i in sum i mod 16, added up pairwise at the end. So
// the order is fixed, and the compiler may still use vectors.
inline float dot(const float* a, const float* b, std::int64_t count) {
    constexpr std::int64_t kLanes = 16;
    float sums[kLanes] = {};
    std::int64_t i = 0;
    for (; i + kLanes <= count; i += kLanes) {
        for (std::int64_t lane = 0; lane < kLanes; ++lane) {
            sums[lane] += a[i + lane] * b[i + lane];
        }
    }
    for (std::int64_t lane = 0; i + lane < count; ++lane) {
        sums[lane] += a[i + lane] * b[i + lane];
    }
    for (std::int64_t width = kLanes / 2; width > 0; width /= 2) {
        for (std::int64_t lane = 0; lane < width; ++lane) {
            sums[lane] += sums[lane + width];
        }
    }
    return sums[0];
}

}  // namespace apertura::kernels::reference
