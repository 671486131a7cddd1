// The first half of a feedforward in one launch, or two with an adapter, against the ops that it
// takes the place of.
#include "kernels/cuda/feedforward_up.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "kernels/cuda/dense_matmul.h"
#include "kernels/cuda/quantize_activations.h"
#include "kernels/cuda/quantized_matmul.h"
#include "kernels/cuda/rms_norm.h"
#include "kernels/cuda/xielu.h"
#include "tests/kernels/cuda/linear_case.h"
#include "tests/kernels/cuda/planes_case.h"
#include "tests/kernels/cuda/product_case.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;
using kernels::Matrix;

constexpr float kEps = 1e-5F;
constexpr kernels::Xielu kXielu = {0.7F, 1.3F, 0.5F, -1e-6F};

struct Sizes {
    std::int64_t outputs, inputs, groupSize, tokens;
    std::int64_t rank = 0;  // 0: no adapter
    LinearForm adapter = LinearForm::bf16;
    float norm = 1.0F;  // deviation of the norm's weights
};

double xieluOf(double x) {
    return x > 0 ? kXielu.alphaP * x * x + kXielu.beta * x
                 : kXielu.alphaN * (std::expm1(std::min(x, double{kXielu.eps})) - x) +
                       kXielu.beta * x;
}

// All that both ways read, and what the ops one by one make of it.
struct Feedforward {
    Sizes sizes;
    std::vector<float> hidden, norm;
    std::vector<std::uint16_t> downScale;
    DeviceLinear up;
    std::optional<DeviceLinear> a, b;
    cuda::DeviceBuffer deviceHidden, deviceNorm, deviceDownScale;
    std::vector<float> normed;  // [T, H]
    std::vector<float> raw;     // [T, F], before xIELU

    Feedforward(LinearForm form, const Sizes& of, std::mt19937& random, cuda::Stream& stream)
        : sizes(of),
          hidden(randomVector(static_cast<std::size_t>(of.tokens * of.inputs), 2.0F, random)),
          norm(randomVector(static_cast<std::size_t>(of.inputs), of.norm, random)),
          up({form, of.outputs, of.inputs, of.groupSize}, random, stream),
          deviceHidden(toDevice(hidden, stream)),
          deviceNorm(toDevice(norm, stream)) {
        for (const float scale : randomVector(static_cast<std::size_t>(of.outputs), 1.0F, random)) {
            downScale.push_back(kernels::floatToHalf(scale));
        }
        deviceDownScale = toDevice(downScale, stream);
        if (of.rank > 0) {
            a.emplace(LinearShape{of.adapter, of.rank, of.inputs}, random, stream);
            b.emplace(LinearShape{of.adapter, of.outputs, of.rank}, random, stream);
        }
        runOneByOne(stream);
    }

    cuda::ResidualInput input() const {
        return {{deviceHidden.as<const float>(), sizes.tokens, sizes.inputs},
                deviceNorm.as<const float>(),
                kEps};
    }

    // What the sum of output `o` of token `t` may be off by.
    double tolerance(std::size_t t, std::size_t o) const {
        const auto inputs = static_cast<std::size_t>(sizes.inputs);
        const double* const row = up.host.weights.data() + o * inputs;
        const float* const x = normed.data() + t * inputs;
        double magnitude = 0.0;
        for (std::size_t i = 0; i < inputs; ++i) {
            magnitude += std::abs(row[i] * x[i]);
        }
        for (std::size_t r = 0; r < static_cast<std::size_t>(sizes.rank); ++r) {
            const auto rank = static_cast<std::size_t>(sizes.rank);
            for (std::size_t i = 0; i < inputs; ++i) {
                magnitude += std::abs(b->host.weights[o * rank + r] *
                                      a->host.weights[r * inputs + i] * x[i]);
            }
        }
        return planesTolerance(row, x, sizes.inputs) + floatTolerance(magnitude);
    }

private:
    void runOneByOne(cuda::Stream& stream) {
        const auto& matrix = up.quantized();
        const cuda::DeviceBuffer deviceNormed(hidden.size() * sizeof(float));
        const Matrix<float> x(deviceNormed.as<float>(), sizes.tokens, sizes.inputs);
        cuda::rmsNorm(deviceNorm.as<const float>(), input().hidden, x, kEps, stream);
        const Planes planes(sizes.tokens, sizes.inputs);
        cuda::quantizeActivations(x, matrix.inputScale.data(), matrix.inputOrder.data(),
                                  planes.view, stream);
        const auto count = static_cast<std::size_t>(sizes.tokens * sizes.outputs);
        const cuda::DeviceBuffer product(count * sizeof(float));
        const Matrix<float> y(product.as<float>(), sizes.tokens, sizes.outputs);
        cuda::quantizedMatmul(matrix, planes.view, y, stream);
        if (a) {
            const cuda::DeviceBuffer memory(static_cast<std::size_t>(sizes.tokens * sizes.rank) *
                                            sizeof(float));
            const Matrix<float> low(memory.as<float>(), sizes.tokens, sizes.rank);
            cuda::denseMatmul(a->dense(), x, low, cuda::Store::replace, stream);
            cuda::denseMatmul(b->dense(), low, y, cuda::Store::add, stream);
            stream.synchronize();
        }
        normed = toHost(x.data, hidden.size(), stream);
        raw = toHost(y.data, count, stream);
    }
};

// Memory for what the fused launches write.
struct Written {
    cuda::DeviceBuffer numbers, low;
    Planes planes;

    explicit Written(const Sizes& sizes)
        : numbers(static_cast<std::size_t>(sizes.tokens * sizes.outputs) * sizeof(float)),
          low(static_cast<std::size_t>(sizes.tokens * std::max<std::int64_t>(sizes.rank, 1)) *
              sizeof(float)),
          planes(sizes.tokens, (sizes.outputs + 31) / 32 * 32) {}
};

enum class Wanted { planes, numbers, both };

void run(const Feedforward& given, const Written& written, Wanted wanted, cuda::Stream& stream) {
    const Sizes& sizes = given.sizes;
    cuda::Activated result;
    result.xielu = kXielu;
    if (wanted != Wanted::numbers) {
        result.planes = written.planes.view;
        result.inputScale = given.deviceDownScale.as<const std::uint16_t>();
    }
    if (wanted != Wanted::planes || given.a) {
        result.numbers = {written.numbers.as<float>(), sizes.tokens, sizes.outputs};
    }
    cuda::AdapterRows adapter;
    if (given.a) {
        adapter = {given.a->dense(),
                   Matrix<float>(written.low.as<float>(), sizes.tokens, sizes.rank)};
    }
    cuda::feedforwardUp(given.up.quantized(), given.input(), adapter, result, stream);
    if (given.a) {
        cuda::finishFeedforwardUp(given.b->dense(), adapter.low, result, stream);
    }
}

// The memory of the planes, byte by byte.
std::vector<std::byte> bytesOf(const Planes& planes, cuda::Stream& stream) {
    return toHost(planes.memory.data(), planes.memory.size(), stream);
}

void equalsTheOpsOneByOne(Findings& findings, LinearForm form, const Sizes& sizes) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(19);
        const Feedforward given(form, sizes, random, stream);
        const bool canHavePlanes = sizes.outputs % cuda::kRunInputs == 0;
        const Written written(sizes);
        run(given, written, canHavePlanes ? Wanted::both : Wanted::numbers, stream);
        const auto numbers = toHost(written.numbers.as<float>(), given.raw.size(), stream);
        for (std::size_t at = 0; at < numbers.size(); ++at) {
            const auto outputs = static_cast<std::size_t>(sizes.outputs);
            const double off = given.tolerance(at / outputs, at % outputs);
            const double raw = given.raw[at];
            const double expected = xieluOf(raw);
            const double tolerance = std::max(std::abs(xieluOf(raw + off) - expected),
                                              std::abs(xieluOf(raw - off) - expected)) +
                                     8 * 0x1p-24 * (std::abs(expected) + 3 * std::abs(raw)) + 1e-9;
            if (!(std::abs(numbers[at] - expected) <= tolerance)) {
                findings.fail("number " + std::to_string(at) + ": " + std::to_string(numbers[at]) +
                              " for " + std::to_string(expected) + ", tolerance " +
                              std::to_string(tolerance));
                return;
            }
        }
        if (!canHavePlanes) {
            return;
        }
        const Planes expected(sizes.tokens, sizes.outputs);
        cuda::quantizeActivations({written.numbers.as<const float>(), sizes.tokens, sizes.outputs},
                                  given.deviceDownScale.as<const std::uint16_t>(), nullptr,
                                  expected.view, stream);
        findings.verify(bytesOf(written.planes, stream) == bytesOf(expected, stream),
                        "the planes are those of the numbers");
        const Written again(sizes);
        run(given, again, Wanted::planes, stream);
        findings.verify(bytesOf(again.planes, stream) == bytesOf(written.planes, stream),
                        "the same planes without the numbers, and again");
    });
}

void whatDoesNotFitIsRefused(Findings& findings) {
    kernels::QuantizedMatrix up;
    up.inputs = 4096;
    up.outputs = 21504;
    up.groupSize = 128;
    for (const std::int64_t tokens : {1, 2, 4, 5}) {
        findings.verify(cuda::fitsFeedforwardUp(up, tokens),
                        std::to_string(tokens) + " tokens of 4096 fit");
    }
    findings.verify(!cuda::fitsFeedforwardUp(up, 8), "eight do not");
    findings.verify(!cuda::fitsFeedforwardUp(up, 9), "nor are nine a decoding step");
    up.groupSize = 16;
    findings.verify(!cuda::fitsFeedforwardUp(up, 1), "nor do small groups");
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    all.push_back({"whatDoesNotFitIsRefused", whatDoesNotFitIsRefused});
    for (const LinearForm form : quantizedForms()) {
        all.push_back(
            {std::string(linearFormName(form)) + "EqualsTheOpsOneByOne", [=](Findings& findings) {
                 equalsTheOpsOneByOne(findings, form, {160, 384, 128, 1});
                 equalsTheOpsOneByOne(findings, form, {32, 96, 32, 2, 1});
                 equalsTheOpsOneByOne(findings, form, {33, 704, 64, 3});
                 equalsTheOpsOneByOne(findings, form, {256, 160, 160, 8, 33, LinearForm::fp16});
             }});
    }
    for (const std::int64_t rank : {1, 3, 8, 64, 200}) {
        all.push_back({"adapterOfRank" + std::to_string(rank) + "EqualsTheOpsOneByOne",
                       [=](Findings& findings) {
                           for (std::int64_t tokens = 1; tokens <= 8; ++tokens) {
                               const bool isBf16 = tokens % 2 == 0;
                               equalsTheOpsOneByOne(findings, LinearForm::int4Symmetric,
                                                    {isBf16 ? 160 : 47, 288, 32, tokens, rank,
                                                     isBf16 ? LinearForm::bf16 : LinearForm::fp16});
                           }
                       }});
    }
    all.push_back({"numbersAboveTheRangeOfFp16Agree", [](Findings& findings) {
                       Sizes sizes{160, 384, 128, 2};
                       sizes.norm = 3000.0F;
                       equalsTheOpsOneByOne(findings, LinearForm::int4Symmetric, sizes);
                       sizes.rank = 5;
                       equalsTheOpsOneByOne(findings, LinearForm::int8Symmetric, sizes);
                   }});
    return all;
}

}  // namespace apertura::test
