#include "kernels/reference/rms_norm.h"

#include <cmath>

namespace apertura::kernels::reference {

void rmsNorm(std::span<const float> weight, Matrix<const float> x, Matrix<float> y, double eps) {
    CHECK(static_cast<std::int64_t>(weight.size()) == x.columns);
    CHECK(x.rows == y.rows && x.columns == y.columns);
    for (std::int64_t t = 0; t < x.rows; ++t) {
        const auto from = x.row(t);
        const auto to = y.row(t);
        double sumOfSquares = 0.0;
        for (const float value : from) {
            sumOfSquares += static_cast<double>(value) * value;
        }
        const auto factor = static_cast<float>(
            1.0 / std::sqrt(sumOfSquares / static_cast<double>(x.columns) + eps));
        for (std::size_t i = 0; i < from.size(); ++i) {
            to[i] = weight[i] * (from[i] * factor);
        }
    }
}

}  // namespace apertura::kernels::reference
