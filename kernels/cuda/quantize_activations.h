// Float activations to the two int8 planes that quantizedMatmul reads.
#pragma once

#include <cstdint>

#include "kernels/cuda/activations.h"
#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

// planes[t, p] = quantized(x[t, i] * inputScale[i]), i = inputOrder[p], or p where there is no
// order.
//
// Shapes:   x [T, I] fp32; inputScale [I] fp16 bits or null; inputOrder [I] or null; planes [T, I].
// Requires: I a multiple of kRunInputs; all in device memory, rows of x 16-byte aligned.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: to the nearest 1/32512 of the group's largest magnitude.
void quantizeActivations(Matrix<const float> x, const std::uint16_t* inputScale,
                         const std::uint32_t* inputOrder, const ActivationPlanes& planes,
                         Stream& stream);

}  // namespace apertura::kernels::cuda
