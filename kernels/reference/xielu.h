// xIELU (arXiv 2411.13010), softplus already applied to the parameters:
//
//   x > 0:  alphaP x^2 + beta x        x <= 0:  alphaN (expm1(min(x, eps)) - x) + beta x
#pragma once

#include "kernels/matrix.h"

namespace apertura::kernels::reference {

struct Xielu {
    float alphaP = 0.8F;
    float alphaN = 0.8F;
    float beta = 0.5F;
    float eps = -1e-6F;
};

float xielu(const Xielu& parameters, float x);

// Shapes:   x [T, F], changed in place.
// Rounding: float32 throughout; the square leaves the range of fp16 early.
void xielu(const Xielu& parameters, Matrix<float> x);

}  // namespace apertura::kernels::reference
