// y = W x + B (A x): a linear layer of any format, its weights read where they lie.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/linear.h"
#include "kernels/matrix.h"
#include "kernels/thread_pool.h"

namespace apertura::kernels::reference {

// Memory that `linear` works in: one weight row a thread, and A x. Kept by the caller, so that
// nothing is allocated from token to token.
class LinearScratch {
public:
    // Makes room for linears of up to these sizes. Throws std::bad_alloc.
    LinearScratch(int threads, std::int64_t inputs, std::int64_t tokens, std::int64_t rank);

    std::span<float> row(int thread, std::int64_t inputs);      // [I]
    Matrix<float> low(std::int64_t tokens, std::int64_t rank);  // [T, R]
    std::int64_t byteCount() const;

private:
    std::int64_t m_inputs;
    std::vector<float> m_rows;  // [threads, I]
    std::vector<float> m_low;   // [T, R]
};

// Row `output` of W, all factors in, adapters left out.
//
// Shapes:   values [I].
// Rounding: (code - zero) * scale, then * inputScale, each rounded to float32, as the formats
// define.
void unpackRow(const DenseMatrix& matrix, std::int64_t output, std::span<float> values);
void unpackRow(const QuantizedMatrix& matrix, std::int64_t output, std::span<float> values);

// Shapes:   x [T, I], y [T, O]; y must not be x.
// Requires: scratch made for at least these sizes and the pool's threads.
// Rounding: float32 products and sums in the order of dot.h, whatever the number of threads and
// tokens.
void linear(const Linear& weight, Matrix<const float> x, Matrix<float> y, LinearScratch& scratch,
            ThreadPool& pool);

}  // namespace apertura::kernels::reference
