// The small ops of the CUDA backend against float64.
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "kernels/cuda/add.h"
#include "kernels/cuda/rms_norm.h"
#include "kernels/cuda/rope.h"
#include "kernels/cuda/xielu.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/support/random_linear.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;

// Fails at the first element that is off by more than `tolerance` of the expected magnitude.
void compareAll(Findings& findings, const std::vector<float>& got,
                const std::vector<double>& expected, double tolerance, const std::string& what) {
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (!(std::abs(got[i] - expected[i]) <= tolerance * (std::abs(expected[i]) + 1e-30))) {
            findings.fail(what + ", element " + std::to_string(i) + ": " + std::to_string(got[i]) +
                          " for " + std::to_string(expected[i]));
            return;
        }
    }
}

struct Rows {
    std::int64_t rows, columns, stride;
    std::size_t size() const { return static_cast<std::size_t>(rows * stride); }
    bool isPadding(std::size_t i) const { return static_cast<std::int64_t>(i) % stride >= columns; }
};

void rmsNormEqualsFloat64(Findings& findings, Rows shape) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(3);
        const auto weight = randomVector(static_cast<std::size_t>(shape.columns), 1.0F, random);
        const auto x = randomVector(shape.size(), 2.0F, random);
        std::vector<double> expected(x.begin(), x.end());
        for (std::int64_t t = 0; t < shape.rows; ++t) {
            double* const row = expected.data() + t * shape.stride;
            double sum = 0.0;
            for (std::int64_t i = 0; i < shape.columns; ++i) {
                sum += row[i] * row[i];
            }
            const double root = std::sqrt(sum / static_cast<double>(shape.columns) + 1e-5);
            for (std::int64_t i = 0; i < shape.columns; ++i) {
                row[i] = weight[static_cast<std::size_t>(i)] * (row[i] / root);
            }
        }
        const auto deviceWeight = toDevice(weight, stream);
        const auto deviceX = toDevice(x, stream);  // in place, what lies between rows stays
        cuda::rmsNorm(deviceWeight.as<const float>(),
                      {deviceX.as<const float>(), shape.rows, shape.columns, shape.stride},
                      {deviceX.as<float>(), shape.rows, shape.columns, shape.stride}, 1e-5F,
                      stream);
        // Some 20 roundings: the partial sums of 16 terms and their tree, the root, two products.
        compareAll(findings, toHost(deviceX.as<float>(), x.size(), stream), expected, 20 * 0x1p-24,
                   std::to_string(shape.columns) + " columns");
    });
}

void xieluEqualsFloat64(Findings& findings) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(4);
        const kernels::Xielu parameters{0.7F, 1.3F, 0.5F, -1e-6F};
        auto x = randomVector(3 * 101, 3.0F, random);
        const float special[] = {0.0F, -0.0F, -1e-6F, -1e-7F, 1e6F, -1e6F};
        std::copy(std::begin(special), std::end(special), x.begin());
        std::vector<double> expected;
        for (const float value : x) {
            const double v = value;
            const double negative =
                parameters.alphaN * (std::expm1(std::min(v, double{parameters.eps})) - v);
            expected.push_back((v > 0 ? parameters.alphaP * v * v : negative) +
                               parameters.beta * v);
        }
        const auto device = toDevice(x, stream);
        cuda::xielu(parameters, {device.as<float>(), 3, 101}, stream);
        const auto got = toHost(device.as<float>(), x.size(), stream);
        for (std::size_t i = 0; i < got.size(); ++i) {
            // expm1(x) - x cancels near 0: an absolute error of a few roundings of x.
            const double magnitude = std::abs(expected[i]) + 3 * std::abs(double{x[i]});
            if (!(std::abs(got[i] - expected[i]) <= 8 * 0x1p-24 * magnitude + 1e-12)) {
                findings.equal(got[i], expected[i], "xielu of " + std::to_string(x[i]));
            }
        }
    });
}

void xieluLetsANanThrough(Findings& findings) {
    onDevice(findings, [&](cuda::Stream& stream) {
        const std::vector<float> x = {std::numeric_limits<float>::quiet_NaN()};
        const auto device = toDevice(x, stream);
        cuda::xielu(kernels::Xielu{}, {device.as<float>(), 1, 1}, stream);
        findings.verify(std::isnan(toHost(device.as<float>(), 1, stream)[0]), "NaN stays NaN");
    });
}

void addEqualsFloat64(Findings& findings) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(5);
        const Rows shape{3, 257, 260};
        const auto x = randomVector(shape.size(), 1.0F, random);
        const auto y = randomVector(shape.size(), 1.0F, random);
        std::vector<double> expected;
        for (std::size_t i = 0; i < x.size(); ++i) {
            expected.push_back(shape.isPadding(i) ? y[i] : y[i] + x[i]);
        }
        const auto deviceX = toDevice(x, stream);
        const auto deviceY = toDevice(y, stream);
        cuda::add({deviceX.as<const float>(), shape.rows, shape.columns, shape.stride},
                  {deviceY.as<float>(), shape.rows, shape.columns, shape.stride}, stream);
        compareAll(findings, toHost(deviceY.as<float>(), y.size(), stream), expected, 0x1p-24,
                   "sum");
    });
}

enum class WhereKnown { onHost, onDevice };

void ropeEqualsFloat64(Findings& findings, std::int64_t tokens, std::int64_t heads,
                       std::int64_t headDim, WhereKnown where) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(6);
        constexpr std::int32_t kFirst = 3;
        const std::int64_t half = headDim / 2;
        const std::int64_t positions = kFirst + tokens;
        const auto angles = randomVector(static_cast<std::size_t>(positions * half), 3.0F, random);
        const auto x =
            randomVector(static_cast<std::size_t>(tokens * heads * headDim), 1.0F, random);
        std::vector<float> cosines;
        std::vector<float> sines;
        for (const float angle : angles) {
            cosines.push_back(std::cos(angle));
            sines.push_back(std::sin(angle));
        }
        const auto deviceX = toDevice(x, stream);
        const auto deviceCosines = toDevice(cosines, stream);
        const auto deviceSines = toDevice(sines, stream);
        const auto deviceFirst = toDevice(std::vector<std::int32_t>{kFirst}, stream);
        const cuda::Position first = where == WhereKnown::onHost
                                         ? cuda::Position(kFirst)
                                         : cuda::Position(deviceFirst.as<const std::int32_t>());
        cuda::rope({deviceCosines.as<const float>(), positions, half},
                   {deviceSines.as<const float>(), positions, half}, first,
                   {deviceX.as<float>(), tokens, heads * headDim}, stream);
        const auto got = toHost(deviceX.as<float>(), x.size(), stream);
        for (std::size_t i = 0; i < got.size(); ++i) {
            const auto at = static_cast<std::int64_t>(i);
            const std::int64_t inHead = at % headDim;
            const auto angle =
                static_cast<std::size_t>((kFirst + at / (heads * headDim)) * half + inHead % half);
            const double other = inHead < half ? -double{x[i + static_cast<std::size_t>(half)]}
                                               : double{x[i - static_cast<std::size_t>(half)]};
            const double expected = x[i] * double{cosines[angle]} + other * double{sines[angle]};
            if (!(std::abs(got[i] - expected) <=
                  3 * 0x1p-24 * (std::abs(double{x[i]}) + std::abs(other)))) {
                findings.equal(got[i], expected, "element " + std::to_string(i));
                return;
            }
        }
    });
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all = {
        {"xieluEqualsFloat64", xieluEqualsFloat64},
        {"xieluLetsANanThrough", xieluLetsANanThrough},
        {"addEqualsFloat64", addEqualsFloat64},
    };
    for (const Rows shape : {Rows{1, 1, 1}, Rows{9, 31, 33}, Rows{17, 128, 128}, Rows{2, 256, 300},
                             Rows{3, 257, 257}, Rows{2, 4097, 4100}}) {
        all.push_back({"rmsNormOfRowsOf" + std::to_string(shape.columns) + "EqualsFloat64",
                       [=](Findings& findings) { rmsNormEqualsFloat64(findings, shape); }});
    }
    for (const std::int64_t headDim : {2, 16, 64, 128}) {
        all.push_back(
            {"ropeOfHeadsOf" + std::to_string(headDim) + "EqualsFloat64", [=](Findings& findings) {
                 ropeEqualsFloat64(findings, 5, 3, headDim, WhereKnown::onHost);
                 ropeEqualsFloat64(findings, 1, 3, headDim, WhereKnown::onDevice);
             }});
    }
    return all;
}

}  // namespace apertura::test
