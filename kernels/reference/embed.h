// Rows of the embedding table.
#pragma once

#include <cstdint>
#include <span>

#include "kernels/matrix.h"

namespace apertura::kernels::reference {

// Shapes:   table [V, H], ids [T], y [T, H].
// Requires: 0 <= id < V.
void embed(const DenseMatrix& table, std::span<const std::int32_t> ids, Matrix<float> y);

}  // namespace apertura::kernels::reference
