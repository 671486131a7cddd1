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
        : memory(static_cast<std::size_t>(tokens * (2 * inputs + 4 * scalesOf(inputs) +
                                                    4 * (inputs / kernels::cuda::kRunInputs)))) {
        const std::int64_t count = tokens * inputs;
        auto* const bytes = memory.as<std::int8_t>();
        auto* const scales = reinterpret_cast<float*>(bytes + 2 * count);
        view = {bytes,  bytes + count,
                scales, reinterpret_cast<std::int32_t*>(scales + tokens * scalesOf(inputs)),
                tokens, inputs};
    }

private:
    static std::int64_t scalesOf(std::int64_t inputs) {
        return kernels::cuda::activationGroups(inputs);
    }
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
