// y = W x, or y += W x, for the few rows of decoding, W dense: the language-model head, excluded
// modules and the two halves of a low-rank adapter.
#pragma once

#include "kernels/cuda/device/stream.h"
#include "kernels/cuda/store.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

// Shapes:   weight [O, I] in BF16, FP16 or FP32; x [T, I] fp32; y [T, O] fp32; T >= 1.
// Requires: all in device memory; y overlaps neither x nor the weight.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: products and sums in fp32, in a fixed order.
void denseMatmul(const DenseMatrix& weight, Matrix<const float> x, Matrix<float> y, Store store,
                 Stream& stream);

}  // namespace apertura::kernels::cuda
