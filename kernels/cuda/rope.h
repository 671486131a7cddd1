// Rotary position embedding, the rotate-half kind: the pair (i, i + D/2) of each head turns by the
// angle of its position.
#pragma once

#include "kernels/cuda/device/stream.h"
#include "kernels/cuda/position.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

// Shapes:   cosines and sines [S, D/2], by position; x [T, heads D] fp32, the tokens at
//           firstPosition .. firstPosition + T - 1, changed in place.
// Requires: all in device memory; x.columns a multiple of D; firstPosition + T <= S.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
void rope(Matrix<const float> cosines, Matrix<const float> sines, Position firstPosition,
          Matrix<float> x, Stream& stream);

}  // namespace apertura::kernels::cuda
