// y = weight * x / sqrt(mean(x^2) + eps), row by row.
#pragma once

#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

// Shapes:   weight [H], x and y [T, H] fp32; y may be x. For the norms of heads, rows are heads and
//           H is D.
// Requires: all in device memory.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: float32, the sum in a fixed order.
void rmsNorm(const float* weight, Matrix<const float> x, Matrix<float> y, float eps,
             Stream& stream);

}  // namespace apertura::kernels::cuda
