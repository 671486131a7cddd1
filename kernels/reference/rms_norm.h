// y = weight * x / sqrt(mean(x^2) + eps), row by row.
#pragma once

#include <span>

#include "kernels/matrix.h"

namespace apertura::kernels::reference {

// Shapes:   weight [H], x and y [T, H]; y may be x. Of the norms of heads, rows are heads, H is D.
// Rounding: the mean in float64, each product in float32.
void rmsNorm(std::span<const float> weight, Matrix<const float> x, Matrix<float> y, double eps);

}  // namespace apertura::kernels::reference
