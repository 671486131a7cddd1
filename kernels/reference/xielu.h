// xIELU, whose formula is in kernels/xielu.h.
#pragma once

#include "kernels/matrix.h"
#include "kernels/xielu.h"

namespace apertura::kernels::reference {

using kernels::Xielu;

float xielu(const Xielu& parameters, float x);

// Shapes:   x [T, F], changed in place.
// Rounding: float32 throughout; the square leaves the range of fp16 early.
void xielu(const Xielu& parameters, Matrix<float> x);

}  // namespace apertura::kernels::reference
