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
    if (matrix.inputs % ops::kRunInputs != 0 || matrix.groupSize % ops::kRunInputs != 0) {
        ops::genericMatmul(matrix, product.x, product.y, product.stream);
        return;
    }
    ops::ActivationPlanes planes = product.buffers.planes;
    planes.tokens = product.x.rows;
    planes.inputs = matrix.inputs;
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
        const Matrix<float> low(buffers.adapterInput, x.rows, weight.adapter->rank());
        ops::denseMatmul(weight.adapter->a, x, low, ops::Store::replace, stream);
        ops::denseMatmul(weight.adapter->b, low, y, ops::Store::add, stream);
    }
}

}  // namespace apertura::cuda
