// y += x, element by element.
#pragma once

#include "kernels/matrix.h"

namespace apertura::kernels::reference {

// Shapes: x and y equal.
void add(Matrix<const float> x, Matrix<float> y);

}  // namespace apertura::kernels::reference
