// Query, key and value of a decode step in one launch, or two with adapters, against the ops that
// they take the place of.
#include "kernels/cuda/project_heads.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <optional>
#include <random>

#include "kernels/cuda/dense_matmul.h"
#include "kernels/cuda/quantize_activations.h"
#include "kernels/cuda/quantized_matmul.h"
#include "kernels/cuda/rms_norm.h"
#include "kernels/cuda/rope.h"
#include "tests/kernels/cuda/kv_case.h"
#include "tests/kernels/cuda/linear_case.h"
#include "tests/kernels/cuda/planes_case.h"
#include "tests/kernels/cuda/product_case.h"

namespace apertura::test {

namespace {

namespace cuda = kernels::cuda;
using kernels::Matrix;

constexpr float kEps = 1e-5F;
constexpr std::int64_t kFirst = 5;  // position of the first token
constexpr std::int64_t kCapacity = 17;

using Forms = std::array<LinearForm, 3>;
using Ranks = std::array<std::int64_t, 3>;  // 0: no adapter

struct Heads {
    std::int64_t headDim, kvHeads, sharing, hidden, groupSize, tokens;
    cuda::KvFormat format = cuda::KvFormat::bf16;
    Ranks ranks = {};

    std::int64_t count(std::size_t m) const { return m == 0 ? kvHeads * sharing : kvHeads; }
    std::int64_t outputs(std::size_t m) const { return count(m) * headDim; }
};

cuda::DeviceBuffer zeros(std::int64_t bytes, cuda::Stream& stream) {
    return toDevice(std::vector<std::byte>(static_cast<std::size_t>(bytes)), stream);
}

cuda::DeviceBuffer floats(std::int64_t count, cuda::Stream& stream) {
    return zeros(count * static_cast<std::int64_t>(sizeof(float)), stream);
}

// One of the three matrices, with its adapter.
struct Part {
    DeviceLinear weight;
    std::optional<DeviceLinear> a, b;
    cuda::DeviceBuffer low, raw;
    std::vector<float> headNorm;
    cuda::DeviceBuffer deviceNorm;

    Part(const Heads& heads, std::size_t m, LinearForm form, std::mt19937& random,
         cuda::Stream& stream)
        : weight({form, heads.outputs(m), heads.hidden, heads.groupSize}, random, stream),
          low(floats(heads.tokens * std::max<std::int64_t>(heads.ranks[m], 1), stream)),
          raw(floats(heads.tokens * heads.outputs(m), stream)),
          headNorm(randomVector(static_cast<std::size_t>(heads.headDim), 1.0F, random)),
          deviceNorm(toDevice(headNorm, stream)) {
        if (heads.ranks[m] > 0) {
            const LinearForm form16 = m == 1 ? LinearForm::fp16 : LinearForm::bf16;
            a.emplace(LinearShape{form16, heads.ranks[m], heads.hidden}, random, stream);
            b.emplace(LinearShape{form16, heads.outputs(m), heads.ranks[m]}, random, stream);
        }
    }
    cuda::HeadMatrix matrix(const Heads& heads, std::size_t m) const {
        cuda::HeadMatrix result;
        result.weight = weight.quantized();
        result.raw = {raw.as<float>(), heads.tokens, heads.outputs(m)};
        if (a) {
            result.adapter = {a->dense(), {low.as<float>(), heads.tokens, heads.ranks[m]}};
            result.b = b->dense();
        }
        return result;
    }
    // The sums of the magnitudes of all terms of each output, for one row of inputs.
    std::vector<double> magnitudes(const float* x) const {
        std::vector<double> sums = magnitudes(weight, x);
        if (a) {
            const std::vector<double> lows = magnitudes(*a, x);
            const std::vector<double> added = magnitudes(*b, lows.data());
            std::transform(sums.begin(), sums.end(), added.begin(), sums.begin(), std::plus<>());
        }
        return sums;
    }

private:
    template <typename Number>
    static std::vector<double> magnitudes(const DeviceLinear& linear, const Number* x) {
        const auto inputs = static_cast<std::size_t>(linear.host.linear.inputs);
        std::vector<double> sums(static_cast<std::size_t>(linear.host.linear.outputs));
        for (std::size_t at = 0; at < sums.size() * inputs; ++at) {
            sums[at / inputs] += std::abs(linear.host.weights[at] * x[at % inputs]);
        }
        return sums;
    }
};

// All that both ways read, and what the ops one by one make of it.
struct Step {
    Heads heads;
    std::vector<Part> parts;
    cuda::DeviceBuffer hidden, norm, cosines, sines, query;
    cuda::DeviceBuffer cacheMemory;
    cuda::KvCacheView cache;
    std::array<std::vector<double>, 3> tolerances;  // [T, heads D], of what leaves RoPE
    std::array<std::vector<float>, 3> turned;       // likewise, the numbers

    Step(const Heads& of, const Forms& forms, std::mt19937& random, cuda::Stream& stream)
        : heads(of),
          hidden(toDevice(
              randomVector(static_cast<std::size_t>(of.tokens * of.hidden), 2.0F, random), stream)),
          norm(toDevice(randomVector(static_cast<std::size_t>(of.hidden), 1.0F, random), stream)),
          cosines(toDevice(
              randomVector(static_cast<std::size_t>(kCapacity * of.headDim / 2), 1.0F, random),
              stream)),
          sines(toDevice(
              randomVector(static_cast<std::size_t>(kCapacity * of.headDim / 2), 1.0F, random),
              stream)),
          query(floats(of.tokens * of.outputs(0), stream)),
          cacheMemory(zeros(static_cast<std::int64_t>(
                                cuda::kvBytes(of.format, kCapacity, of.kvHeads, of.headDim)),
                            stream)),
          cache(cuda::kvCacheAt(cacheMemory.data(), of.format, kCapacity, of.kvHeads, of.headDim)) {
        for (std::size_t m = 0; m < forms.size(); ++m) {
            parts.emplace_back(heads, m, forms[m], random, stream);
        }
        runOneByOne(stream);
    }

    void runFused(cuda::Position position, cuda::Stream& stream) const {
        cuda::HeadStep step;
        step.queryNorm = parts[0].deviceNorm.as<const float>();
        step.keyNorm = parts[1].deviceNorm.as<const float>();
        step.eps = kEps;
        step.cosines = table(cosines);
        step.sines = table(sines);
        step.firstPosition = position;
        step.query = {query.as<float>(), heads.tokens, heads.outputs(0)};
        step.cache = cache;
        cuda::projectHeads(
            {parts[0].matrix(heads, 0), parts[1].matrix(heads, 1), parts[2].matrix(heads, 2)},
            {input(), norm.as<const float>()}, step, stream);
    }
    std::vector<std::byte> written(cuda::Stream& stream) const {
        std::vector<std::byte> all = toHost(query.data(), query.size(), stream);
        const auto cached = toHost(cacheMemory.data(), cacheMemory.size(), stream);
        all.insert(all.end(), cached.begin(), cached.end());
        return all;
    }

private:
    Matrix<const float> input() const {
        return {hidden.as<const float>(), heads.tokens, heads.hidden};
    }
    Matrix<const float> table(const cuda::DeviceBuffer& memory) const {
        return {memory.as<const float>(), kCapacity, heads.headDim / 2};
    }

    void runOneByOne(cuda::Stream& stream) {
        const cuda::DeviceBuffer normed = floats(heads.tokens * heads.hidden, stream);
        const Matrix<float> x(normed.as<float>(), heads.tokens, heads.hidden);
        cuda::rmsNorm(norm.as<const float>(), input(), x, kEps, stream);
        const auto hostX = toHost(normed.as<const float>(),
                                  static_cast<std::size_t>(heads.tokens * heads.hidden), stream);
        for (std::size_t m = 0; m < parts.size(); ++m) {
            const Matrix<float> y = multiply(parts[m], m, x, stream);
            const auto count = static_cast<std::size_t>(heads.tokens * heads.outputs(m));
            const auto raw = toHost(y.data, count, stream);
            if (m < 2) {
                const Matrix<float> rows(y.data, heads.tokens * heads.count(m), heads.headDim);
                cuda::rmsNorm(parts[m].deviceNorm.as<const float>(), rows, rows, kEps, stream);
                cuda::rope(table(cosines), table(sines), kFirst, y, stream);
            }
            turned[m] = toHost(y.data, count, stream);
            tolerances[m] = toleranceOf(parts[m], m, raw, hostX);
        }
    }
    Matrix<float> multiply(const Part& part, std::size_t m, const Matrix<float>& x,
                           cuda::Stream& stream) const {
        const kernels::QuantizedMatrix& matrix = part.weight.quantized();
        const Planes planes(heads.tokens, heads.hidden);
        cuda::quantizeActivations(x, matrix.inputScale.data(), matrix.inputOrder.data(),
                                  planes.view, stream);
        const Matrix<float> y(part.raw.as<float>(), heads.tokens, heads.outputs(m));
        cuda::quantizedMatmul(matrix, planes.view, y, stream);
        if (part.a) {
            const Matrix<float> low(part.low.as<float>(), heads.tokens, heads.ranks[m]);
            cuda::denseMatmul(part.a->dense(), x, low, cuda::Store::replace, stream);
            cuda::denseMatmul(part.b->dense(), low, y, cuda::Store::add, stream);
        }
        stream.synchronize();
        return y;
    }
    // Sums in another order are off by floatTolerance(). A head's norm divides by its root mean
    // square, itself off by as much; RoPE adds two numbers, with factors of about 1 to 4 here.
    std::vector<double> toleranceOf(const Part& part, std::size_t m, const std::vector<float>& raw,
                                    const std::vector<float>& x) const {
        const auto dim = static_cast<std::size_t>(heads.headDim);
        std::vector<double> magnitudes;
        for (std::int64_t t = 0; t < heads.tokens; ++t) {
            const auto ofToken = part.magnitudes(x.data() + t * heads.hidden);
            magnitudes.insert(magnitudes.end(), ofToken.begin(), ofToken.end());
        }
        std::vector<double> result(raw.size());
        for (std::size_t head = 0; head < raw.size() / dim; ++head) {
            double off = 0.0;
            double squares = 0.0;
            double largest = 0.0;
            for (std::size_t at = head * dim; at < (head + 1) * dim; ++at) {
                off = std::max(off, floatTolerance(magnitudes[at]));
                squares += static_cast<double>(raw[at]) * raw[at];
                largest = std::max(largest, std::abs(static_cast<double>(raw[at])));
            }
            double gain = 1.0;
            if (m < 2) {
                const double rms = std::sqrt(squares / static_cast<double>(dim) + kEps);
                const float weight = *std::max_element(part.headNorm.begin(), part.headNorm.end());
                gain = 8.0 * std::abs(static_cast<double>(weight)) / rms * (1.0 + largest / rms);
            }
            std::fill_n(result.begin() + static_cast<std::ptrdiff_t>(head * dim), dim,
                        gain * off + 1e-6);
        }
        return result;
    }
};

// What the cache may be off by beside that: rounding to the other side.
double storeTolerance(cuda::KvFormat format, double number, double largest) {
    return format == cuda::KvFormat::bf16 ? std::abs(number) * 0x1p-7
                                          : largest / 127 * (1.5 + 127 * 0x1p-10);
}

void compareCached(Findings& findings, const Step& step, std::size_t m,
                   const std::vector<double>& cached) {
    const Heads& heads = step.heads;
    const std::int64_t dim = heads.headDim;
    for (std::int64_t at = 0; at < static_cast<std::int64_t>(cached.size()); ++at) {
        const std::int64_t position = at / dim % kCapacity;
        const std::int64_t token = position - kFirst;
        if (token < 0 || token >= heads.tokens) {
            if (!findings.verify(cached[static_cast<std::size_t>(at)] == 0.0,
                                 "position " + std::to_string(position) + " was written")) {
                return;
            }
            continue;
        }
        const std::int64_t head = at / dim / kCapacity;
        const auto first = static_cast<std::size_t>((token * heads.kvHeads + head) * dim);
        const float* const row = step.turned[m].data() + first;
        const double largest = std::abs(*std::max_element(
            row, row + dim, [](float a, float b) { return std::abs(a) < std::abs(b); }));
        const auto d = static_cast<std::size_t>(at % dim);
        const double tolerance =
            step.tolerances[m][first] + storeTolerance(heads.format, row[d], largest);
        if (!(std::abs(cached[static_cast<std::size_t>(at)] - row[d]) <= tolerance)) {
            findings.fail((m == 1 ? "key " : "value ") + std::to_string(at) + ": " +
                          std::to_string(cached[static_cast<std::size_t>(at)]) + " for " +
                          std::to_string(row[d]));
            return;
        }
    }
}

void equalsTheOpsOneByOne(Findings& findings, const Forms& forms, const Heads& heads) {
    onDevice(findings, [&](cuda::Stream& stream) {
        std::mt19937 random(23);
        const Step step(heads, forms, random, stream);
        step.runFused(kFirst, stream);
        const auto query = toHost(step.query.as<const float>(), step.turned[0].size(), stream);
        for (std::size_t at = 0; at < query.size(); ++at) {
            const double expected = step.turned[0][at];
            if (!(std::abs(query[at] - expected) <= step.tolerances[0][at])) {
                findings.fail("query " + std::to_string(at) + ": " + std::to_string(query[at]) +
                              " for " + std::to_string(expected) + ", tolerance " +
                              std::to_string(step.tolerances[0][at]));
                break;
            }
        }
        const KvNumbers cached = readKv(step.cache, stream);
        compareCached(findings, step, 1, cached.keys);
        compareCached(findings, step, 2, cached.values);
        const auto first = step.written(stream);
        const auto position =
            toDevice(std::vector<std::int32_t>{static_cast<std::int32_t>(kFirst)}, stream);
        step.runFused(cuda::Position(position.as<const std::int32_t>()), stream);
        findings.verify(step.written(stream) == first,
                        "the same bits again, with the position in device memory");
    });
}

void whatDoesNotFitIsRefused(Findings& findings) {
    kernels::QuantizedMatrix weight;
    weight.inputs = 4096;
    weight.outputs = 4096;
    weight.groupSize = 128;
    for (const std::int64_t tokens : {1, 2, 3, 4, 8}) {
        findings.verify(cuda::fitsProjectHeads(weight, 128, tokens),
                        std::to_string(tokens) + " tokens of 4096 fit");
    }
    findings.verify(!cuda::fitsProjectHeads(weight, 128, 9), "nine are no decoding step");
    findings.verify(!cuda::fitsProjectHeads(weight, 8, 1), "half a row block");
    weight.groupSize = 16;
    findings.verify(!cuda::fitsProjectHeads(weight, 128, 1), "small groups");
    weight.groupSize = 8192;
    weight.inputs = 8192;
    findings.verify(cuda::fitsProjectHeads(weight, 128, 2), "two tokens of 8192 fit");
    findings.verify(!cuda::fitsProjectHeads(weight, 128, 4), "four do not");
}

Forms allOf(LinearForm form) {
    return {form, form, form};
}

}  // namespace

std::vector<Case> cases() {
    constexpr auto kInt8 = cuda::KvFormat::int8;
    std::vector<Case> all;
    all.push_back({"whatDoesNotFitIsRefused", whatDoesNotFitIsRefused});
    for (const LinearForm form : quantizedForms()) {
        all.push_back(
            {std::string(linearFormName(form)) + "EqualsTheOpsOneByOne", [=](Findings& findings) {
                 equalsTheOpsOneByOne(findings, allOf(form), {64, 2, 2, 384, 128, 1});
                 equalsTheOpsOneByOne(findings, allOf(form), {80, 1, 3, 96, 32, 2, kInt8});
                 equalsTheOpsOneByOne(findings, allOf(form), {128, 1, 1, 704, 64, 3});
                 equalsTheOpsOneByOne(findings, allOf(form), {256, 1, 2, 160, 160, 8, kInt8});
                 equalsTheOpsOneByOne(findings, allOf(form), {16, 8, 1, 256, 256, 4});
             }});
    }
    all.push_back({"matricesOfDifferentKindsEqualTheOpsOneByOne", [=](Findings& findings) {
                       equalsTheOpsOneByOne(findings,
                                            {LinearForm::int4InputScale, LinearForm::int8Symmetric,
                                             LinearForm::int4RealZeros},
                                            {64, 3, 2, 1536, 128, 2});
                       equalsTheOpsOneByOne(findings,
                                            {LinearForm::int4Symmetric, LinearForm::int8RealZeros,
                                             LinearForm::int4Symmetric},
                                            {128, 1, 4, 512, 64, 1, kInt8, {7, 33, 0}});
                   }});
    for (const std::int64_t rank : {1, 3, 8, 64, 200}) {
        all.push_back({"adaptersOfRank" + std::to_string(rank) + "EqualTheOpsOneByOne",
                       [=](Findings& findings) {
                           for (std::int64_t tokens = 1; tokens <= 8; ++tokens) {
                               const bool isEven = tokens % 2 == 0;
                               equalsTheOpsOneByOne(
                                   findings, allOf(LinearForm::int4Symmetric),
                                   {isEven ? 64 : 80, 1, 2, 288, 32, tokens,
                                    isEven ? kInt8 : cuda::KvFormat::bf16,
                                    isEven ? Ranks{rank, rank + 5, rank} : Ranks{0, rank, 0}});
                           }
                       }});
    }
    return all;
}

}  // namespace apertura::test
