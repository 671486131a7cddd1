// The first half of a feedforward, xIELU(up(RMSNorm(hidden))), in one launch for the few rows of
// decoding, ready for the down projection; two launches where `up` has an adapter.
#pragma once

#include <cstdint>

#include "kernels/cuda/activations.h"
#include "kernels/cuda/adapter_rows.h"
#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"
#include "kernels/quantized_matrix.h"
#include "kernels/xielu.h"

namespace apertura::kernels::cuda {

// What becomes of the outputs of `up`. All in device memory.
struct Activated {
    Xielu xielu;
    ActivationPlanes planes;  // [T, F] in F's own order; without memory: not wanted
    const std::uint16_t* inputScale = nullptr;  // [F] fp16, of the matrix that reads the planes
    Matrix<float> numbers;  // [T, F] without inputScale; without memory: not wanted
};

// What is read: RMSNorm(hidden) = norm * hidden / sqrt(mean(hidden^2) + eps).
struct ResidualInput {
    Matrix<const float> hidden;   // [T, H]
    const float* norm = nullptr;  // [H]
    float eps = 0.0F;
};

// Whether feedforwardUp() takes the matrix: the planes of so many tokens have to fit in the shared
// memory of every device.
bool fitsFeedforwardUp(const QuantizedMatrix& up, std::int64_t tokens);

// Shapes:   up [F, H], 1 <= T <= kMaxDecodeRows.
// Requires: fitsFeedforwardUp(); all 16-byte aligned; F a multiple of kRunInputs where planes are
//           wanted. With an adapter (R > 0) nothing but `result.numbers` is written, W x without
//           xIELU, and low: finishFeedforwardUp() does the rest.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: as rmsNorm, quantizeActivations, quantizedMatmul, xielu and quantizeActivations one
//           after the other, sums in an order of their own.
void feedforwardUp(const QuantizedMatrix& up, const ResidualInput& input,
                   const AdapterRows& adapter, const Activated& result, Stream& stream);

// result = xIELU(result.numbers + B low), as feedforwardUp() left them.
//
// Shapes:   b [F, R] in BF16 or FP16, low [T, R].
void finishFeedforwardUp(const DenseMatrix& b, Matrix<const float> low, const Activated& result,
                         Stream& stream);

}  // namespace apertura::kernels::cuda
