#include "inference/backend/cuda/linear.h"

#include "kernels/cuda/dense_matmul.h"
#include "kernels/cuda/generic_matmul.h"
#include "kernels/cuda/quantize_activations.h"
#include "kernels/cuda/quantized_matmul.h"

namespace apertura::cuda {

namespace {

namespace ops = kernels::cuda;
using kernels::DenseMatrix;
using kernels::Matrix;
using kernels::QuantizedMatrix;

// What a block of a linear is multiplied with and into.
struct Product {
    Matrix<const float> x;
    Matrix<float> y;  // the block's columns
    const SequenceBuffers& buffers;
    ops::Stream& stream;
};

void multiply(const DenseMatrix& matrix, const Product& product) {
    ops::denseMatmul(matrix, product.x, product.y, ops::Store::replace, product.stream);
}

void multiply(const QuantizedMatrix& matrix, const Product& product) {
    if (!ops::canMultiplyPlanes(matrix)) {
        ops::genericMatmul(matrix, product.x, product.y, product.stream);
        return;
    }
    const ops::ActivationPlanes planes = product.buffers.planesOf(product.x.rows, matrix.inputs);
    ops::quantizeActivations(product.x, matrix.inputScale.data(), matrix.inputOrder.data(), planes,
                             product.stream);
    ops::quantizedMatmul(matrix, planes, product.y, product.stream);
}

std::int64_t outputsOf(const DenseMatrix& matrix) {
    return matrix.rows;
}

std::int64_t outputsOf(const QuantizedMatrix& matrix) {
    return matrix.outputs;
}

}  // namespace

void runLinear(const kernels::Linear& weight, Matrix<const float> x, Matrix<float> y,
               const SequenceBuffers& buffers, ops::Stream& stream) {
    CHECK(x.columns == weight.inputs && y.columns == weight.outputs && x.rows == y.rows);
    CHECK(x.rows <= ops::kMaxDecodeRows);
    for (const kernels::LinearBlock& block : weight.blocks) {
        std::visit(
            [&](const auto& matrix) {
                const Matrix<float> part(y.data + block.firstOutput, y.rows, outputsOf(matrix),
                                         y.stride);
                multiply(matrix, {x, part, buffers, stream});
            },
            block.matrix);
    }
    if (weight.adapter) {
        const Matrix<float> low = adapterRows(weight, x.rows, buffers).low;
        ops::denseMatmul(weight.adapter->a, x, low, ops::Store::replace, stream);
        ops::denseMatmul(weight.adapter->b, low, y, ops::Store::add, stream);
    }
}

const QuantizedMatrix* fusableMatrix(const kernels::Linear& weight) {
    if (weight.blocks.size() != 1 || (weight.adapter && !ops::isFusable(*weight.adapter))) {
        return nullptr;
    }
    const auto* const matrix = std::get_if<QuantizedMatrix>(&weight.blocks.front().matrix);
    return matrix != nullptr && ops::canMultiplyPlanes(*matrix) ? matrix : nullptr;
}

ops::AdapterRows adapterRows(const kernels::Linear& weight, std::int64_t tokens,
                             const SequenceBuffers& buffers) {
    if (!weight.adapter) {
        return {};
    }
    return {weight.adapter->a, Matrix<float>(buffers.adapterInput, tokens, weight.adapter->rank())};
}

}  // namespace apertura::cuda
