// y = W x, or y += W x, for the few rows of decoding, W quantized. Prefill dequantizes and calls
// cuBLAS instead.
#pragma once

#include "kernels/cuda/activations.h"
#include "kernels/cuda/adapter_rows.h"
#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"
#include "kernels/quantized_matrix.h"

namespace apertura::kernels::cuda {

inline constexpr int kMaxDecodeRows = 8;

// Whether the kernels that read planes take the matrix; genericMatmul takes any.
inline bool canMultiplyPlanes(const QuantizedMatrix& weight) {
    return weight.inputs % kRunInputs == 0 && weight.groupSize % kRunInputs == 0;
}

// Shapes:   x [T, I] planes, y [T, O] fp32, row-major; 1 <= T <= kMaxDecodeRows.
// Requires: weight, x and y in device memory, 16-byte aligned; I and the group size multiples of
// 32;
//           inputScale and inputOrder already in x.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: exact integer sums per 32 to 128 inputs, within a group of weights; fp32 accumulation
//           over them in a fixed order.
void quantizedMatmul(const QuantizedMatrix& weight, const ActivationPlanes& x, Matrix<float> y,
                     Stream& stream);

// y += W x, as above, and low = A x in the same launch; denseMatmul(B, low, y, Store::add) is then
// the rest of an adapter.
//
// Shapes:   adapterInput [T, I] fp32, the numbers that x holds as planes, but without inputScale
//           and inputOrder; not read where there is no adapter (R = 0).
// Requires: rows of adapterInput 16-byte aligned; low overlaps nothing.
void addQuantizedMatmul(const QuantizedMatrix& weight, const ActivationPlanes& x, Matrix<float> y,
                        const AdapterRows& adapter, Matrix<const float> adapterInput,
                        Stream& stream);

}  // namespace apertura::kernels::cuda
