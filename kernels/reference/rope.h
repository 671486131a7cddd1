// Rotary position embedding, the rotate-half kind: the pair (i, i + D/2) of each head turns by the
// angle position * inverseFrequency[i].
#pragma once

#include <cstdint>
#include <span>

#include "kernels/matrix.h"

namespace apertura::kernels::reference {

// Shapes:   cosines and sines [T, D/2], x [T, heads D], changed in place.
// Requires: x.columns a multiple of D.
void rope(Matrix<const float> cosines, Matrix<const float> sines, Matrix<float> x);

}  // namespace apertura::kernels::reference
