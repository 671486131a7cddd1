// Activation planes in memory of their own.
#pragma once

#include "kernels/cuda/activations.h"
#include "tests/kernels/cuda/device_case.h"

namespace apertura::test {

struct Planes {
    kernels::cuda::DeviceBuffer memory;
    kernels::cuda::ActivationPlanes view;

    Planes(std::int64_t tokens, std::int64_t inputs)
        : memory(static_cast<std::size_t>(tokens * inputs * 2 +
                                          tokens * inputs / kernels::cuda::kActivationGroup * 8)) {
        const std::int64_t count = tokens * inputs;
        auto* const bytes = memory.as<std::int8_t>();
        auto* const scales = reinterpret_cast<float*>(bytes + 2 * count);
        view = {bytes,
                bytes + count,
                scales,
                reinterpret_cast<std::int32_t*>(scales + count / kernels::cuda::kActivationGroup),
                tokens,
                inputs};
    }
};

}  // namespace apertura::test
