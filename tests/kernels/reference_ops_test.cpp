#include <cmath>
#include <numeric>
#include <string>

#include "kernels/reference/add.h"
#include "kernels/reference/attention.h"
#include "kernels/reference/embed.h"
#include "kernels/reference/rms_norm.h"
#include "kernels/reference/rope.h"
#include "kernels/reference/xielu.h"
#include "tests/support/cases.h"
#include "tests/support/random_linear.h"

namespace apertura::test {

namespace {

using kernels::Matrix;
namespace reference = kernels::reference;

bool near(double actual, double expected, double tolerance, const std::string& what,
          Findings& findings) {
    return std::abs(actual - expected) <= tolerance || findings.equal(actual, expected, what);
}

void rmsNormEqualsFloat64(Findings& findings) {
    std::mt19937 random(1);
    for (const std::size_t width : {1U, 31U, 33U, 111U}) {
        const auto weight = randomVector(width, 1.0F, random);
        const auto x = randomVector(3 * width, 2.0F, random);
        std::vector<float> y(3 * width);
        const auto columns = static_cast<std::int64_t>(width);
        reference::rmsNorm(weight, Matrix<const float>(x.data(), 3, columns),
                           Matrix<float>(y.data(), 3, columns), 1e-5);
        for (std::size_t t = 0; t < 3; ++t) {
            double sum = 0.0;
            for (std::size_t i = 0; i < width; ++i) {
                sum += std::pow(static_cast<double>(x[t * width + i]), 2);
            }
            const double root = std::sqrt(sum / static_cast<double>(width) + 1e-5);
            for (std::size_t i = 0; i < width; ++i) {
                const double expected = weight[i] * (x[t * width + i] / root);
                near(y[t * width + i], expected, 4 * 0x1p-24 * std::abs(expected), "y", findings);
            }
        }
    }
}

void rmsNormMayWorkInPlaceAndOnRowsApart(Findings& findings) {
    std::mt19937 random(2);
    const auto weight = randomVector(31, 1.0F, random);
    auto x = randomVector(2 * 40, 1.0F, random);
    std::vector<float> y(2 * 31);
    reference::rmsNorm(weight, Matrix<const float>(x.data(), 2, 31, 40),
                       Matrix<float>(y.data(), 2, 31), 1e-5);
    const float untouched = x[35];
    reference::rmsNorm(weight, Matrix<const float>(x.data(), 2, 31, 40),
                       Matrix<float>(x.data(), 2, 31, 40), 1e-5);
    findings.verify(std::equal(y.begin(), y.begin() + 31, x.begin()), "row 0");
    findings.verify(std::equal(y.begin() + 31, y.end(), x.begin() + 40), "row 1");
    findings.equal(x[35], untouched, "between the rows");
}

void ropeTurnsPairsOfHalves(Findings& findings) {
    std::mt19937 random(3);
    const auto x = randomVector(2 * 3 * 8, 1.0F, random);  // [2, 3 heads of 8]
    std::vector<float> cosines;
    std::vector<float> sines;
    std::vector<double> angles;
    for (int i = 0; i < 2 * 4; ++i) {
        angles.push_back(0.3 + 0.7 * i);
        cosines.push_back(static_cast<float>(std::cos(angles.back())));
        sines.push_back(static_cast<float>(std::sin(angles.back())));
    }
    auto y = x;
    reference::rope(Matrix<const float>(cosines.data(), 2, 4),
                    Matrix<const float>(sines.data(), 2, 4), Matrix<float>(y.data(), 2, 24));
    for (std::size_t t = 0; t < 2; ++t) {
        for (std::size_t head = 0; head < 3; ++head) {
            for (std::size_t i = 0; i < 4; ++i) {
                const std::size_t first = t * 24 + head * 8 + i;
                const double angle = angles[t * 4 + i];
                const double a = x[first];
                const double b = x[first + 4];
                near(y[first], a * std::cos(angle) - b * std::sin(angle), 1e-6, "first half",
                     findings);
                near(y[first + 4], b * std::cos(angle) + a * std::sin(angle), 1e-6, "second half",
                     findings);
            }
        }
    }
}

// Keys and values of S positions, K heads of D, cut into blocks of 16 positions.
struct Cache {
    std::vector<float> keys, values;  // [S padded to blocks, K, D]
    std::vector<const float*> keyBlocks, valueBlocks;
    reference::KvView view;

    Cache(std::int64_t positions, std::int64_t heads, std::int64_t headDim, std::mt19937& random) {
        constexpr std::int64_t kBlock = 16;
        const std::int64_t blocks = (positions + kBlock - 1) / kBlock;
        const std::int64_t perBlock = kBlock * heads * headDim;
        keys = randomVector(static_cast<std::size_t>(blocks * perBlock), 1.0F, random);
        values = randomVector(static_cast<std::size_t>(blocks * perBlock), 1.0F, random);
        for (std::int64_t block = 0; block < blocks; ++block) {
            keyBlocks.push_back(keys.data() + block * perBlock);
            valueBlocks.push_back(values.data() + block * perBlock);
        }
        view = {keyBlocks, valueBlocks, kBlock, heads, headDim};
    }
};

void attentionEqualsFloat64(std::int64_t first, std::int64_t tokens, std::int64_t headDim,
                            Findings& findings) {
    constexpr std::int64_t kQueryHeads = 6;
    constexpr std::int64_t kKvHeads = 2;
    std::mt19937 random(static_cast<unsigned>(first + headDim));
    const Cache cache(first + tokens, kKvHeads, headDim, random);
    const std::int64_t width = kQueryHeads * headDim;
    const auto query = randomVector(static_cast<std::size_t>(tokens * width), 1.0F, random);
    std::vector<float> attended(query.size());
    std::vector<float> scores(static_cast<std::size_t>(2 * (first + tokens)));
    kernels::ThreadPool pool(2);
    reference::attention(cache.view, Matrix<const float>(query.data(), tokens, width),
                         Matrix<float>(attended.data(), tokens, width),
                         Matrix<float>(scores.data(), 2, first + tokens), first, pool);
    const auto cached = [&](const std::vector<float>& values, std::int64_t s, std::int64_t head,
                            std::int64_t i) {
        return static_cast<double>(
            values[static_cast<std::size_t>((s * kKvHeads + head) * headDim + i)]);
    };
    for (std::int64_t t = 0; t < tokens; ++t) {
        for (std::int64_t head = 0; head < kQueryHeads; ++head) {
            const std::int64_t kvHead = head / (kQueryHeads / kKvHeads);
            std::vector<double> weights;
            for (std::int64_t s = 0; s <= first + t; ++s) {
                double score = 0.0;
                for (std::int64_t i = 0; i < headDim; ++i) {
                    score += query[static_cast<std::size_t>(t * width + head * headDim + i)] *
                             cached(cache.keys, s, kvHead, i);
                }
                weights.push_back(std::exp(score / std::sqrt(static_cast<double>(headDim))));
            }
            const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
            for (std::int64_t i = 0; i < headDim; ++i) {
                double expected = 0.0;
                for (std::int64_t s = 0; s <= first + t; ++s) {
                    expected += weights[static_cast<std::size_t>(s)] / sum *
                                cached(cache.values, s, kvHead, i);
                }
                // Scores of a few units round to 2^-22, which the exponential passes on as a
                // relative error.
                near(attended[static_cast<std::size_t>(t * width + head * headDim + i)], expected,
                     4e-6, "attended", findings);
            }
        }
    }
}

void attentionOfHugeScoresStaysFinite(Findings& findings) {
    std::mt19937 random(5);
    Cache cache(33, 1, 8, random);
    std::vector<float> query(8, 1e18F);
    std::vector<float> attended(8);
    std::vector<float> scores(33);
    kernels::ThreadPool pool(1);
    reference::attention(cache.view, Matrix<const float>(query.data(), 1, 8),
                         Matrix<float>(attended.data(), 1, 8), Matrix<float>(scores.data(), 1, 33),
                         32, pool);
    for (const float value : attended) {
        findings.verify(std::isfinite(value), "finite");
    }
}

void xieluGivesTheDocumentedValues(Findings& findings) {
    const auto softplusOfZero = static_cast<float>(std::log(2.0));
    const reference::Xielu raw00{softplusOfZero, 0.5F + softplusOfZero, 0.5F,
                                 -9.98377799987793e-07F};
    near(reference::xielu(raw00, 2.0F), 3.772588722239781, 1e-6, "f(2)", findings);
    near(reference::xielu(raw00, -2.0F), 0.35462209218399154, 1e-6, "f(-2)", findings);
}

void xieluStaysFiniteBeyondTheRangeOfFp16(Findings& findings) {
    std::vector<float> x = {300.0F, 1000.0F, 60000.0F, -60000.0F};
    reference::xielu(reference::Xielu{}, Matrix<float>(x.data(), 1, 4));
    near(x[1], 0.8 * 1e6 + 500, 1.0, "f(1000)", findings);
    near(x[2], 0.8 * 3.6e9 + 30000, 1024.0, "f(60000)", findings);
    near(x[3], 0.8 * (-1 + 60000) - 30000, 0.1, "f(-60000)", findings);
}

void addAndEmbedTakeRowsApart(Findings& findings) {
    const std::vector<std::uint16_t> table = {0x3F80, 0x4000, 0x4040,
                                              0x4080};  // [2, 2] BF16: 1 2 3 4
    const kernels::DenseMatrix matrix{kernels::NumberType::bf16, 2, 2,
                                      reinterpret_cast<const std::byte*>(table.data())};
    std::vector<float> y(6, 0.0F);
    reference::embed(matrix, std::vector<std::int32_t>{1, 0}, Matrix<float>(y.data(), 2, 2, 3));
    findings.verify(y == std::vector<float>{3, 4, 0, 1, 2, 0}, "embed");
    const std::vector<float> x = {10, 20, 30, 40};
    reference::add(Matrix<const float>(x.data(), 2, 2), Matrix<float>(y.data(), 2, 2, 3));
    findings.verify(y == std::vector<float>{13, 24, 0, 31, 42, 0}, "add");
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all = {
        {"rmsNormEqualsFloat64", rmsNormEqualsFloat64},
        {"rmsNormMayWorkInPlaceAndOnRowsApart", rmsNormMayWorkInPlaceAndOnRowsApart},
        {"ropeTurnsPairsOfHalves", ropeTurnsPairsOfHalves},
        {"attentionOfHugeScoresStaysFinite", attentionOfHugeScoresStaysFinite},
        {"xieluGivesTheDocumentedValues", xieluGivesTheDocumentedValues},
        {"xieluStaysFiniteBeyondTheRangeOfFp16", xieluStaysFiniteBeyondTheRangeOfFp16},
        {"addAndEmbedTakeRowsApart", addAndEmbedTakeRowsApart},
    };
    for (const std::int64_t first : {0, 31, 111}) {
        for (const std::int64_t tokens : {1, 33}) {
            all.push_back({"attentionOf" + std::to_string(tokens) + "After" +
                               std::to_string(first) + "EqualsFloat64",
                           [first, tokens](Findings& findings) {
                               attentionEqualsFloat64(first, tokens, 10, findings);
                           }});
        }
    }
    return all;
}

}  // namespace apertura::test
