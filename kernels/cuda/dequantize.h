// Weights written out as 16-bit numbers, row by row, for products that cuBLAS computes.
#pragma once

#include <cstdint>

#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"
#include "kernels/quantized_matrix.h"

namespace apertura::kernels::cuda {

// target[o, i] = W[o, i] as BF16 or FP16 bits, inputScale and inputOrder applied.
//
// Shapes:   target [O, I], contiguous, 16-byte aligned.
// Requires: weight and target in device memory; `type` bf16 or fp16.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: (code - zero) * scale * inputScale in fp32, then once to nearest even.
void dequantize(const QuantizedMatrix& weight, NumberType type, std::uint16_t* target,
                Stream& stream);

// The same for a dense matrix of any type.
void dequantize(const DenseMatrix& weight, NumberType type, std::uint16_t* target, Stream& stream);

}  // namespace apertura::kernels::cuda
