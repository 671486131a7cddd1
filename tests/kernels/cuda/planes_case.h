// Activation planes in memory of their own.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernels/cuda/activations.h"
#include "tests/kernels/cuda/device_case.h"

namespace apertura::test {

struct Planes {
    kernels::cuda::DeviceBuffer memory;
    kernels::cuda::ActivationPlanes view;

    Planes(std::int64_t tokens, std::int64_t inputs)
        : memory(kernels::cuda::planeBytes(tokens, inputs)),
          view{memory.as<kernels::cuda::ActivationRecord>(), tokens, inputs} {}
};

// What rounding the activations `x` [I] to 1/32512 of a group's largest may change in row . x, and
// as much again for scales that are rounded themselves.
inline double planesTolerance(const double* row, const float* x, std::int64_t inputs) {
    double rounding = 0.0;
    for (std::int64_t g = 0; g < inputs; g += kernels::cuda::kActivationGroup) {
        double largest = 0.0;
        double weightSum = 0.0;
        for (std::int64_t i = g; i < std::min(inputs, g + kernels::cuda::kActivationGroup); ++i) {
            largest = std::max(largest, std::abs(static_cast<double>(x[i])));
            weightSum += std::abs(row[i]);
        }
        rounding += weightSum * largest / kernels::cuda::kLargestPlaneValue;
    }
    return rounding + 1e-30;
}

}  // namespace apertura::test
