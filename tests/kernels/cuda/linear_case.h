// A random linear, on the host and on the device.
#pragma once

#include "kernels/cuda/device_linear.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/support/random_linear.h"

namespace apertura::test {

struct LinearShape {
    LinearForm form;
    std::int64_t outputs, inputs, groupSize = 32;
};

// The first block is what kernels take.
struct DeviceLinear {
    RandomLinear host;
    kernels::cuda::DeviceArena arena;
    kernels::Linear linear;

    DeviceLinear(const LinearShape& shape, std::mt19937& random, kernels::cuda::Stream& stream)
        : host(makeRandomLinear(shape.form, shape.outputs, shape.inputs, shape.groupSize, random)),
          arena(kernels::cuda::deviceBytes(host.linear)),
          linear(kernels::cuda::toDevice(host.linear, arena, stream)) {}

    const kernels::QuantizedMatrix& quantized() const {
        return std::get<kernels::QuantizedMatrix>(linear.blocks.at(0).matrix);
    }
    const kernels::DenseMatrix& dense() const {
        return std::get<kernels::DenseMatrix>(linear.blocks.at(0).matrix);
    }
};

}  // namespace apertura::test
