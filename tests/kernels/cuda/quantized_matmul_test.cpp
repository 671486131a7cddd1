#include "kernels/cuda/quantized_matmul.h"

#include <cmath>
#include <random>

#include "kernels/cuda/device_linear.h"
#include "kernels/cuda/quantize_activations.h"
#include "tests/kernels/cuda/planes_case.h"
#include "tests/support/random_linear.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;

// An output may be off by what rounding the activations to 1/32512 of a group's maximum does, and
// by float32 sums of I terms in some order.
double tolerance(const double* weights, const float* x, std::int64_t inputs) {
    double rounding = 0.0;
    double magnitude = 0.0;
    for (std::int64_t g = 0; g < inputs; g += cuda::kActivationGroup) {
        double largest = 0.0;
        double weightSum = 0.0;
        for (std::int64_t i = g; i < g + cuda::kActivationGroup; ++i) {
            largest = std::max(largest, std::abs(static_cast<double>(x[i])));
            weightSum += std::abs(weights[i]);
            magnitude += std::abs(weights[i] * x[i]);
        }
        rounding += weightSum * largest * 0.5 / cuda::kLargestPlaneValue;
    }
    return 2 * rounding + 4e-6 * magnitude + 1e-30;
}

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
        const auto result =
            toHost(y.as<float>(), static_cast<std::size_t>(tokens * outputs), stream);
        for (std::int64_t t = 0; t < tokens; ++t) {
            for (std::int64_t o = 0; o < outputs; ++o) {
                const double* const row = host.weights.data() + o * inputs;
                double expected = 0.0;
                for (std::int64_t i = 0; i < inputs; ++i) {
                    expected +=
                        row[i] * static_cast<double>(x[static_cast<std::size_t>(t * inputs + i)]);
                }
                const double got = result[static_cast<std::size_t>(t * outputs + o)];
                if (!(std::abs(got - expected) <= tolerance(row, x.data() + t * inputs, inputs))) {
                    findings.fail("token " + std::to_string(t) + " output " + std::to_string(o) +
                                  ": " + std::to_string(got) + " for " + std::to_string(expected));
                    return;
                }
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
        for (const std::int64_t tokens : {1, 2, 3, 8}) {
            all.push_back(
                {std::string(linearFormName(form)) + "Agrees" + std::to_string(tokens) + "Tokens",
                 [=](Findings& findings) {
                     compare(findings, form, 33, 384, 128, tokens);
                     compare(findings, form, 16, 96, 32, tokens);
                     compare(findings, form, 1, 704, 64, tokens);
                     compare(findings, form, 31, 160, 160, tokens);
                 }});
        }
    }
    return all;
}

}  // namespace apertura::test
