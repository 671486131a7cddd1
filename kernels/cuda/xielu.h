// xIELU, whose formula is in kernels/xielu.h.
#pragma once

#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"
#include "kernels/xielu.h"

namespace apertura::kernels::cuda {

// Shapes:   x [T, F] fp32, changed in place.
// Requires: x in device memory.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: float32 throughout; the square leaves the range of fp16 early.
void xielu(const Xielu& parameters, Matrix<float> x, Stream& stream);

}  // namespace apertura::kernels::cuda
