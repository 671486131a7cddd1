// y = W x for the few rows of decoding, W quantized. Prefill dequantizes and calls cuBLAS instead.
#pragma once

#include "kernels/cuda/activations.h"
#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"
#include "kernels/quantized_matrix.h"

namespace apertura::kernels::cuda {

inline constexpr int kMaxDecodeRows = 8;

// Shapes:   x [T, I] planes, y [T, O] fp32, row-major; 1 <= T <= kMaxDecodeRows.
// Requires: weight, x and y in device memory, 16-byte aligned; I and the group size multiples of
// 32;
//           inputScale and inputOrder already in x.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: exact integer sums per 32 inputs, fp32 accumulation over them in a fixed order.
void quantizedMatmul(const QuantizedMatrix& weight, const ActivationPlanes& x, Matrix<float> y,
                     Stream& stream);

}  // namespace apertura::kernels::cuda
