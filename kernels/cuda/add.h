// y += x.
#pragma once

#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

// Shapes:   x and y [T, H] fp32.
// Requires: both in device memory, not overlapping.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
void add(Matrix<const float> x, Matrix<float> y, Stream& stream);

}  // namespace apertura::kernels::cuda
