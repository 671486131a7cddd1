// y = W x for a quantized W of any shape: the plain way for what quantizedMatmul does not take,
// groups or inputs that are no multiple of 32.
#pragma once

#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"
#include "kernels/quantized_matrix.h"

namespace apertura::kernels::cuda {

// Shapes:   x [T, I], y [T, O], both fp32; T >= 1.
// Requires: weight, x and y in device memory; y does not overlap x.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: each weight as unscaledWeight() gives it, products and sums in fp32, in a fixed order.
void genericMatmul(const QuantizedMatrix& weight, Matrix<const float> x, Matrix<float> y,
                   Stream& stream);

}  // namespace apertura::kernels::cuda
