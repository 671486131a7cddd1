#include "kernels/cuda/generic_matmul.h"

#include <cmath>
#include <random>

#include "kernels/cuda/device_linear.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/support/random_linear.h"

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
        const auto result = toHost(y.as<float>(), count, stream);
        for (std::size_t at = 0; at < count; ++at) {
            const auto t = static_cast<std::int64_t>(at) / shape.outputs;
            const auto o = static_cast<std::int64_t>(at) % shape.outputs;
            double expected = 0.0;
            double magnitude = 0.0;
            for (std::int64_t i = 0; i < shape.inputs; ++i) {
                const double product =
                    host.weights[static_cast<std::size_t>(o * shape.inputs + i)] *
                    static_cast<double>(x[static_cast<std::size_t>(t * shape.inputs + i)]);
                expected += product;
                magnitude += std::abs(product);
            }
            // float32 weights and sums of at most 40 terms a lane.
            if (!(std::abs(result[at] - expected) <= 4e-6 * magnitude)) {
                findings.fail("at " + std::to_string(at) + ": " + std::to_string(result[at]) +
                              " for " + std::to_string(expected));
                return;
            }
        }
    });
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const LinearForm form :
         {LinearForm::int4Symmetric, LinearForm::int8Symmetric, LinearForm::int4IntegerZeros,
          LinearForm::int4RealZeros, LinearForm::int8RealZeros, LinearForm::int4InputScale,
          LinearForm::int4ActOrder}) {
        all.push_back({std::string(linearFormName(form)) + "Agrees", [=](Findings& findings) {
                           compare(findings, form, {33, 176, 16, 3});
                           compare(findings, form, {1, 1304, 8, 1});
                           compare(findings, form, {31, 40, 40, 9});
                       }});
    }
    return all;
}

}  // namespace apertura::test
