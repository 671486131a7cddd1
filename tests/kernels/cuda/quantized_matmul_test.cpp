#include "kernels/cuda/quantized_matmul.h"

#include <random>

#include "kernels/cuda/device_linear.h"
#include "kernels/cuda/quantize_activations.h"
#include "tests/kernels/cuda/planes_case.h"
#include "tests/kernels/cuda/product_case.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;

void compare(Findings& findings, LinearForm form, std::int64_t outputs, std::int64_t inputs,
             std::int64_t groupSize, std::int64_t tokens) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(7);
        const RandomLinear host = makeRandomLinear(form, outputs, inputs, groupSize, random);
        const auto x = randomVector(static_cast<std::size_t>(tokens * inputs), 1.0F, random);
        cuda::DeviceArena arena(cuda::deviceBytes(host.linear));
        const kernels::Linear device = cuda::toDevice(host.linear, arena, stream);
        const auto& weight = std::get<kernels::QuantizedMatrix>(device.blocks.at(0).matrix);
        const cuda::DeviceBuffer deviceX = toDevice(x, stream);
        const Planes planes(tokens, inputs);
        const cuda::DeviceBuffer y(static_cast<std::size_t>(tokens * outputs) * sizeof(float));
        cuda::quantizeActivations({deviceX.as<const float>(), tokens, inputs},
                                  weight.inputScale.data(), weight.inputOrder.data(), planes.view,
                                  stream);
        cuda::quantizedMatmul(weight, planes.view, {y.as<float>(), tokens, outputs}, stream);
        compareProduct(
            findings, toHost(y.as<float>(), static_cast<std::size_t>(tokens * outputs), stream),
            {host, x}, [inputs](const double* row, const float* values, double magnitude) {
                return planesTolerance(row, values, inputs) + floatTolerance(magnitude);
            });
    });
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const LinearForm form : quantizedForms()) {
        for (const std::int64_t tokens : {1, 2, 3, 8}) {
            all.push_back(
                {std::string(linearFormName(form)) + "Agrees" + std::to_string(tokens) + "Tokens",
                 [=](Findings& findings) {
                     compare(findings, form, 33, 384, 128, tokens);
                     compare(findings, form, 16, 96, 32, tokens);
                     compare(findings, form, 1, 704, 64, tokens);
                     compare(findings, form, 31, 160, 160, tokens);
                     compare(findings, form, 65, 1536, 256, tokens);
                 }});
        }
    }
    return all;
}

}  // namespace apertura::test
