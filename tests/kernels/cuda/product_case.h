// Comparing what a product kernel computed with the same product in float64.
#pragma once

#include <cmath>
#include <string>
#include <vector>

#include "tests/support/cases.h"
#include "tests/support/random_linear.h"

namespace apertura::test {

// Float32 products and sums of up to some thousand terms, spread over lanes and a tree: each
// partial sum rounds once, which stays far below the number of terms.
inline double floatTolerance(double magnitude) {
    return 4e-6 * magnitude;
}

// before + W x, x [T, I]; `before` [T, O] is empty where the result replaces what was there.
struct ExpectedProduct {
    const RandomLinear& weight;
    const std::vector<float>& x;
    std::vector<float> before = {};
};

// Fails at the first number of `got` [T, O] that is off by more than tolerance(row of W, row of x,
// sum of the magnitudes of all terms).
template <typename Tolerance>
void compareProduct(Findings& findings, const std::vector<float>& got,
                    const ExpectedProduct& expected, const Tolerance& tolerance) {
    const auto inputs = static_cast<std::size_t>(expected.weight.linear.inputs);
    const auto outputs = static_cast<std::size_t>(expected.weight.linear.outputs);
    for (std::size_t at = 0; at < got.size(); ++at) {
        const double* const row = expected.weight.weights.data() + at % outputs * inputs;
        const float* const x = expected.x.data() + at / outputs * inputs;
        double sum = expected.before.empty() ? 0.0 : expected.before[at];
        double magnitude = std::abs(sum);
        for (std::size_t i = 0; i < inputs; ++i) {
            const double product = row[i] * static_cast<double>(x[i]);
            sum += product;
            magnitude += std::abs(product);
        }
        if (!(std::abs(got[at] - sum) <= tolerance(row, x, magnitude))) {
            findings.fail("token " + std::to_string(at / outputs) + " output " +
                          std::to_string(at % outputs) + ": " + std::to_string(got[at]) + " for " +
                          std::to_string(sum));
            return;
        }
    }
}

inline void compareProduct(Findings& findings, const std::vector<float>& got,
                           const ExpectedProduct& expected) {
    compareProduct(findings, got, expected, [](const double*, const float*, double magnitude) {
        return floatTolerance(magnitude);
    });
}

}  // namespace apertura::test
