#include "kernels/reference/linear.h"

#include <algorithm>

#include "kernels/reference/dense_row.h"
#include "kernels/reference/dot.h"

namespace apertura::kernels::reference {

namespace {

// Below this many products, waking another thread takes longer than the work it would do.
constexpr std::int64_t kProductsPerPiece = 32768;

enum class Store { replace, add };

template <CodeBits bits>
void unpackQuantizedRow(const QuantizedMatrix& matrix, std::int64_t output,
                        std::span<float> values) {
    for (std::int64_t group = 0; group < matrix.groups(); ++group) {
        const float scale = matrix.scale(output, group);
        const float zero = matrix.zero(output, group);
        const std::int64_t end = (group + 1) * matrix.groupSize;
        for (std::int64_t p = group * matrix.groupSize; p < end; ++p) {
            const CodePosition position = codePosition(bits, output, p, matrix.inputs);
            const int byte =
                std::to_integer<int>(matrix.codes[static_cast<std::size_t>(position.byte)]);
            const int code = (byte >> position.shift) & (bits == CodeBits::four ? 15 : 255);
            values[static_cast<std::size_t>(matrix.inputAt(p))] =
                (static_cast<float>(code) - zero) * scale;
        }
    }
}

std::int64_t outputsOf(const DenseMatrix& matrix) {
    return matrix.rows;
}

std::int64_t outputsOf(const QuantizedMatrix& matrix) {
    return matrix.outputs;
}

// y[t, o] (+)= row o of the matrix . x[t]
template <typename MatrixType>
void multiply(const MatrixType& matrix, Matrix<const float> x, Matrix<float> y, Store store,
              LinearScratch& scratch, ThreadPool& pool) {
    const std::int64_t inputs = x.columns;
    const std::int64_t grain =
        std::max<std::int64_t>(1, kProductsPerPiece / std::max<std::int64_t>(1, inputs * x.rows));
    pool.parallelFor(outputsOf(matrix), grain,
                     [&](std::int64_t first, std::int64_t last, int worker) {
                         const std::span<float> row = scratch.row(worker, inputs);
                         for (std::int64_t o = first; o < last; ++o) {
                             unpackRow(matrix, o, row);
                             for (std::int64_t t = 0; t < x.rows; ++t) {
                                 const float product = dot(row.data(), x.row(t).data(), inputs);
                                 float& result = y.row(t)[static_cast<std::size_t>(o)];
                                 result = store == Store::add ? result + product : product;
                             }
                         }
                     });
}

}  // namespace

LinearScratch::LinearScratch(int threads, std::int64_t inputs, std::int64_t tokens,
                             std::int64_t rank)
    : m_inputs(inputs),
      m_rows(static_cast<std::size_t>(threads * inputs)),
      m_low(static_cast<std::size_t>(tokens * rank)) {}

std::span<float> LinearScratch::row(int thread, std::int64_t inputs) {
    CHECK(inputs <= m_inputs);
    return std::span(m_rows).subspan(static_cast<std::size_t>(thread * m_inputs),
                                     static_cast<std::size_t>(inputs));
}

Matrix<float> LinearScratch::low(std::int64_t tokens, std::int64_t rank) {
    CHECK(tokens * rank <= static_cast<std::int64_t>(m_low.size()));
    return {m_low.data(), tokens, rank};
}

std::int64_t LinearScratch::byteCount() const {
    return static_cast<std::int64_t>((m_rows.size() + m_low.size()) * sizeof(float));
}

void unpackRow(const DenseMatrix& matrix, std::int64_t output, std::span<float> values) {
    unpackDenseRow(matrix, output, values);
}

void unpackRow(const QuantizedMatrix& matrix, std::int64_t output, std::span<float> values) {
    if (matrix.bits == CodeBits::four) {
        unpackQuantizedRow<CodeBits::four>(matrix, output, values);
    } else {
        unpackQuantizedRow<CodeBits::eight>(matrix, output, values);
    }
    for (std::size_t i = 0; i < matrix.inputScale.size(); ++i) {
        values[i] *= halfToFloat(matrix.inputScale[i]);
    }
}

void linear(const Linear& weight, Matrix<const float> x, Matrix<float> y, LinearScratch& scratch,
            ThreadPool& pool) {
    CHECK(x.columns == weight.inputs && y.columns == weight.outputs && x.rows == y.rows);
    for (const LinearBlock& block : weight.blocks) {
        std::visit(
            [&](const auto& matrix) {
                const Matrix<float> part(y.data + block.firstOutput, y.rows, outputsOf(matrix),
                                         y.stride);
                multiply(matrix, x, part, Store::replace, scratch, pool);
            },
            block.matrix);
    }
    if (weight.adapter) {
        const Matrix<float> low = scratch.low(x.rows, weight.adapter->rank());
        multiply(weight.adapter->a, x, low, Store::replace, scratch, pool);
        multiply(weight.adapter->b, low, y, Store::add, scratch, pool);
    }
}

}  // namespace apertura::kernels::reference
