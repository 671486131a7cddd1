#include "kernels/cuda/prefill_matmul.h"

#include <cmath>
#include <random>

#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/device_linear.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/support/random_linear.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;
using kernels::NumberType;

// Half a unit in the last of 8 or 11 bits, relative to the number.
double roundingOf(NumberType type) {
    return type == NumberType::bf16 ? 0x1p-8 : 0x1p-11;
}

double numberOf(NumberType type, std::uint16_t bits) {
    return type == NumberType::bf16 ? kernels::bf16ToFloat(bits) : kernels::halfToFloat(bits);
}

void dequantizes(Findings& findings, LinearForm form, NumberType type, std::int64_t outputs,
                 std::int64_t inputs, std::int64_t groupSize) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(13);
        const RandomLinear host = makeRandomLinear(form, outputs, inputs, groupSize, random);
        cuda::DeviceArena arena(cuda::deviceBytes(host.linear));
        const kernels::Linear device = cuda::toDevice(host.linear, arena, stream);
        const auto count = static_cast<std::size_t>(outputs * inputs);
        const cuda::DeviceBuffer target(count * sizeof(std::uint16_t));
        std::visit(
            [&](const auto& matrix) {
                cuda::dequantize(matrix, type, target.as<std::uint16_t>(), stream);
            },
            device.blocks.at(0).matrix);
        const auto numbers = toHost(target.as<const std::uint16_t>(), count, stream);
        for (std::size_t i = 0; i < count; ++i) {
            const double expected = host.weights[i];
            // Three fp32 operations before the one rounding; fp16 has subnormals below 2^-14.
            const double tolerance = std::abs(expected) * (roundingOf(type) + 0x1p-22) + 0x1p-25;
            const double got = numberOf(type, numbers[i]);
            if (!(std::abs(got - expected) <= tolerance)) {
                findings.fail(std::to_string(outputs) + " x " + std::to_string(inputs) + " at " +
                              std::to_string(i) + ": " + std::to_string(got) + " for " +
                              std::to_string(expected));
                return;
            }
        }
    });
}

// sum over i of |W[o, i] x[i]|, and over the adapter |B| |A| |x|.
double magnitudeOf(const RandomLinear& host, std::int64_t output, const float* x) {
    double magnitude = 0.0;
    for (std::int64_t i = 0; i < host.linear.inputs; ++i) {
        const auto at = static_cast<std::size_t>(output * host.linear.inputs + i);
        magnitude += std::abs(host.weights[at] * x[i]);
        if (host.linear.adapter) {
            const kernels::LowRankAdapter& adapter = *host.linear.adapter;
            for (std::int64_t r = 0; r < adapter.rank(); ++r) {
                magnitude += 2 * std::abs(static_cast<double>(adapter.b.at(output, r)) *
                                          adapter.a.at(r, i) * x[i]);
            }
        }
    }
    return magnitude;
}

void multiplies(Findings& findings, const RandomLinear& host, NumberType type, std::int64_t tokens,
                const std::vector<float>& x) {
    onDevice(findings, [&](cuda::Stream& stream) {
        const std::int64_t inputs = host.linear.inputs;
        const std::int64_t outputs = host.linear.outputs;
        cuda::DeviceArena arena(cuda::deviceBytes(host.linear));
        const kernels::Linear device = cuda::toDevice(host.linear, arena, stream);
        const cuda::DeviceBuffer deviceX = toDevice(x, stream);
        const auto count = static_cast<std::size_t>(tokens * outputs);
        const cuda::DeviceBuffer y(count * sizeof(float));
        const cuda::DeviceBuffer scratch(
            cuda::PrefillMatmul::scratchBytes(host.linear, tokens, type));
        cuda::PrefillMatmul matmul(type, scratch.data(), scratch.size());
        matmul.run(device, {deviceX.as<const float>(), tokens, inputs},
                   {y.as<float>(), tokens, outputs}, stream);
        const auto result = toHost(y.as<const float>(), count, stream);
        for (std::int64_t t = 0; t < tokens; ++t) {
            const float* const row = x.data() + t * inputs;
            for (std::int64_t o = 0; o < outputs; ++o) {
                double expected = 0.0;
                for (std::int64_t i = 0; i < inputs; ++i) {
                    expected += host.weights[static_cast<std::size_t>(o * inputs + i)] * row[i];
                }
                const double got = result[static_cast<std::size_t>(t * outputs + o)];
                // Weights, x, A x and B round once each: at most four roundings in any product.
                // What FP16 lets underflow is below 2^-39 of a row's largest number.
                const double tolerance = 4.01 * roundingOf(type) * magnitudeOf(host, o, row);
                if (!(std::abs(got - expected) <= tolerance)) {
                    findings.fail("token " + std::to_string(t) + " output " + std::to_string(o) +
                                  ": " + std::to_string(got) + " for " + std::to_string(expected));
                    return;
                }
            }
        }
    });
}

void multipliesAnyForm(Findings& findings, LinearForm form, NumberType type) {
    std::mt19937 random(17);
    for (const std::int64_t tokens : {1, 33}) {
        const RandomLinear host = makeRandomLinear(form, 33, 160, 32, random);
        multiplies(findings, host, type, tokens,
                   randomVector(static_cast<std::size_t>(tokens * 160), 1.0F, random));
    }
}

void survivesWhatOverflowsFp16(Findings& findings, NumberType type) {
    std::mt19937 random(19);
    const RandomLinear host = makeRandomLinear(LinearForm::int4Adapter, 17, 96, 32, random);
    auto x = randomVector(std::size_t{4 * 96}, 1.0F, random);
    const float factors[4] = {1e6F, 1e-6F, 1e12F, 0.0F};
    for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] *= factors[i / 96];
    }
    multiplies(findings, host, type, 4, x);
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const NumberType type : {NumberType::bf16, NumberType::fp16}) {
        const std::string name = type == NumberType::bf16 ? "Bf16" : "Fp16";
        for (const LinearForm form : allLinearForms()) {
            const std::string of = name + " of " + linearFormName(form);
            if (form != LinearForm::int4RowBlocks && form != LinearForm::int4Adapter &&
                form != LinearForm::bf16Adapter) {
                all.push_back({of + " is written out", [=](Findings& findings) {
                                   dequantizes(findings, form, type, 33, 384, 128);
                                   dequantizes(findings, form, type, 16, 96, 32);
                                   dequantizes(findings, form, type, 1, 1032, 8);
                                   dequantizes(findings, form, type, 31, 168, 168);
                               }});
            }
            all.push_back({of + " multiplies",
                           [=](Findings& findings) { multipliesAnyForm(findings, form, type); }});
        }
        all.push_back({name + " survives what overflows FP16",
                       [=](Findings& findings) { survivesWhatOverflowsFp16(findings, type); }});
    }
    return all;
}

}  // namespace apertura::test
