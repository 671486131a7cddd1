// Rotary position embedding, the rotate-half kind: the pair (i, i + D/2) of each head turns by the
// angle of its position.
#pragma once

#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

// Shapes:   cosines and sines [T, D/2], the rows of the tokens' positions; x [T, heads D] fp32,
//           changed in place.
// Requires: all in device memory; x.columns a multiple of D.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
void rope(Matrix<const float> cosines, Matrix<const float> sines, Matrix<float> x, Stream& stream);

}  // namespace apertura::kernels::cuda
