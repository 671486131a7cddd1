#include "kernels/cuda/generic_matmul.h"

#include <random>

#include "kernels/cuda/device_linear.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/kernels/cuda/product_case.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;

struct Shape {
    std::int64_t outputs, inputs, groupSize, tokens;
};

void compare(Findings& findings, LinearForm form, Shape shape) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(13);
        const RandomLinear host =
            makeRandomLinear(form, shape.outputs, shape.inputs, shape.groupSize, random);
        const auto x =
            randomVector(static_cast<std::size_t>(shape.tokens * shape.inputs), 1.0F, random);
        cuda::DeviceArena arena(cuda::deviceBytes(host.linear));
        const kernels::Linear device = cuda::toDevice(host.linear, arena, stream);
        const cuda::DeviceBuffer deviceX = toDevice(x, stream);
        const auto count = static_cast<std::size_t>(shape.tokens * shape.outputs);
        const cuda::DeviceBuffer y(count * sizeof(float));
        cuda::genericMatmul(std::get<kernels::QuantizedMatrix>(device.blocks.at(0).matrix),
                            {deviceX.as<const float>(), shape.tokens, shape.inputs},
                            {y.as<float>(), shape.tokens, shape.outputs}, stream);
        compareProduct(findings, toHost(y.as<float>(), count, stream), {host, x});
    });
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const LinearForm form : quantizedForms()) {
        all.push_back({std::string(linearFormName(form)) + "Agrees", [=](Findings& findings) {
                           compare(findings, form, {33, 176, 16, 3});
                           compare(findings, form, {1, 1304, 8, 1});
                           compare(findings, form, {31, 40, 40, 9});
                       }});
    }
    return all;
}

}  // namespace apertura::test
