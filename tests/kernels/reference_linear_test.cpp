#include <cmath>

#include "kernels/reference/linear.h"
#include "tests/support/cases.h"
#include "tests/support/random_linear.h"

namespace apertura::test {

namespace {

using kernels::Matrix;
using kernels::ThreadPool;
using kernels::reference::LinearScratch;

std::vector<float> multiply(const RandomLinear& weight, const std::vector<float>& x,
                            std::int64_t tokens, int threads) {
    const kernels::Linear& linear = weight.linear;
    ThreadPool pool(threads);
    LinearScratch scratch(threads, linear.inputs, tokens,
                          linear.adapter ? linear.adapter->rank() : 0);
    std::vector<float> y(static_cast<std::size_t>(tokens * linear.outputs), NAN);
    kernels::reference::linear(linear, Matrix<const float>(x.data(), tokens, linear.inputs),
                               Matrix<float>(y.data(), tokens, linear.outputs), scratch, pool);
    return y;
}

void compareWithFloat64(LinearForm form, std::int64_t outputs, std::int64_t inputs,
                        std::int64_t groupSize, Findings& findings) {
    std::mt19937 random(static_cast<unsigned>(outputs * 1000 + inputs));
    const RandomLinear weight = makeRandomLinear(form, outputs, inputs, groupSize, random);
    for (const std::int64_t tokens : {1, 3}) {
        const auto x = randomVector(static_cast<std::size_t>(tokens * inputs), 1.0F, random);
        const auto y = multiply(weight, x, tokens, 2);
        for (std::int64_t t = 0; t < tokens; ++t) {
            for (std::int64_t o = 0; o < outputs; ++o) {
                double expected = 0.0;
                double magnitude = 0.0;
                for (std::int64_t i = 0; i < inputs; ++i) {
                    const double product =
                        weight.weights[static_cast<std::size_t>(o * inputs + i)] *
                        x[static_cast<std::size_t>(t * inputs + i)];
                    expected += product;
                    magnitude += std::abs(product);
                }
                // Each of the I / 16 additions to a lane, the few products and the adapter's sums
                // round once.
                const double tolerance =
                    (static_cast<double>(inputs) / 16 + 24) * 0x1p-24 * (magnitude + 1.0);
                const double got = y[static_cast<std::size_t>(t * outputs + o)];
                if (!(std::abs(got - expected) <= tolerance)) {
                    findings.equal(got, expected, "output " + std::to_string(o));
                    return;
                }
            }
        }
    }
}

void everyThreadCountGivesTheSameBits(Findings& findings) {
    for (const LinearForm form : allLinearForms()) {
        std::mt19937 random(7);
        const RandomLinear weight = makeRandomLinear(form, 333, 256, 64, random);
        const auto x = randomVector(5 * 256, 1.0F, random);
        const auto expected = multiply(weight, x, 5, 1);
        for (const int threads : {2, 5}) {
            findings.verify(multiply(weight, x, 5, threads) == expected, linearFormName(form));
        }
    }
}

void aRowIsTheSameAloneAndAmongOthers(Findings& findings) {
    std::mt19937 random(8);
    const RandomLinear weight = makeRandomLinear(LinearForm::int4Adapter, 111, 96, 32, random);
    const auto x = randomVector(4 * 96, 1.0F, random);
    const auto together = multiply(weight, x, 4, 2);
    const std::vector<float> third(x.begin() + 2 * 96, x.begin() + 3 * 96);
    const auto alone = multiply(weight, third, 1, 2);
    findings.verify(std::equal(alone.begin(), alone.end(), together.begin() + 2 * 111), "row 2");
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const LinearForm form : allLinearForms()) {
        all.push_back({std::string("linear") + linearFormName(form) + "EqualsFloat64",
                       [form](Findings& findings) {
                           for (const std::int64_t outputs : {1, 31, 33, 111}) {
                               compareWithFloat64(form, outputs, 96, 32, findings);
                               compareWithFloat64(form, outputs, 104, 104, findings);
                           }
                       }});
    }
    for (const LinearForm form : {LinearForm::bf16, LinearForm::fp16, LinearForm::fp32}) {
        all.push_back({std::string("dense") + linearFormName(form) + "TakesAnyNumberOfInputs",
                       [form](Findings& findings) {
                           for (const std::int64_t inputs : {1, 31, 33, 111}) {
                               compareWithFloat64(form, 33, inputs, inputs, findings);
                           }
                       }});
    }
    all.push_back({"everyThreadCountGivesTheSameBits", everyThreadCountGivesTheSameBits});
    all.push_back({"aRowIsTheSameAloneAndAmongOthers", aRowIsTheSameAloneAndAmongOthers});
    return all;
}

}  // namespace apertura::test
