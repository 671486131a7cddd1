// A linear layer as the kernels see it: a list of row blocks, each dense or quantized, and an
// optional low-rank adapter over all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "kernels/matrix.h"
#include "kernels/quantized_matrix.h"

namespace apertura::kernels {

// y += B (A x). A is [R, I], B is [O, R]; no further scaling. Non-owning, like the matrices in it.
struct LowRankAdapter {
    DenseMatrix a;
    DenseMatrix b;

    std::int64_t rank() const { return a.rows; }
};

// Outputs [firstOutput, firstOutput + outputs of the matrix) of a linear. Ordinarily there is one
// block; SINQ's 2D tiling has one per row of tiles, for each has input scales of its own.
struct LinearBlock {
    std::int64_t firstOutput = 0;
    std::variant<DenseMatrix, QuantizedMatrix> matrix;
};

struct Linear {
    std::int64_t inputs = 0;          // I
    std::int64_t outputs = 0;         // O
    std::vector<LinearBlock> blocks;  // in order, without gaps, covering all outputs
    std::optional<LowRankAdapter> adapter;
};

}  // namespace apertura::kernels
