#include "inference/backend/cuda/fused_attention.h"

#include "inference/backend/cuda/linear.h"
#include "kernels/cuda/attention_decode.h"
#include "kernels/cuda/dense_matmul.h"
#include "kernels/cuda/project_heads.h"
#include "kernels/cuda/quantize_activations.h"
#include "kernels/cuda/quantized_matmul.h"

namespace apertura::cuda {

namespace {

namespace ops = kernels::cuda;
using kernels::Matrix;
using kernels::QuantizedMatrix;

Matrix<float> rows(const AttentionPass& step, Activation which) {
    return step.sequence.activation(which, step.pass.tokens);
}

const ops::KvCacheView& cacheOf(const AttentionPass& step) {
    return step.sequence.buffers().layers[static_cast<std::size_t>(step.index)];
}

// `slot` keeps A x of the three adapters apart, which are computed in one launch.
ops::HeadMatrix headMatrix(const kernels::Linear& weight, Matrix<float> raw, std::int64_t slot,
                           const SequenceBuffers& buffers) {
    ops::HeadMatrix matrix;
    matrix.weight = *fusableMatrix(weight);
    matrix.raw = raw;
    if (weight.adapter) {
        matrix.adapter = adapterRows(weight, raw.rows, buffers);
        matrix.adapter.low.data += slot * buffers.adapterSlot;
        matrix.b = weight.adapter->b;
    }
    return matrix;
}

// Combining the splits quantizes as it goes where a head is whole groups of activations, in the
// order in which they are multiplied.
bool takesPlanesOfSplits(const QuantizedMatrix& output, std::int64_t headDim) {
    return output.inputOrder.empty() && headDim % ops::kActivationGroup == 0;
}

ops::ActivationPlanes planesOf(const AttentionPass& step, const QuantizedMatrix& output) {
    return step.sequence.buffers().planesOf(step.pass.tokens, output.inputs);
}

}  // namespace

bool canFuseProjection(const DeviceLayer& layer, const ModelConfig& config, std::int64_t tokens) {
    for (const kernels::Linear* weight : {&layer.query, &layer.key, &layer.value}) {
        const QuantizedMatrix* const matrix = fusableMatrix(*weight);
        if (matrix == nullptr || !ops::fitsProjectHeads(*matrix, config.headDim, tokens)) {
            return false;
        }
    }
    return true;
}

bool canFuseOutput(const DeviceLayer& layer, std::int64_t tokens) {
    static_assert(ops::kMaxDecodeRows <= ops::kMaxAttendedTokens,
                  "the fused output reads the planes that the fused attention has left");
    return tokens <= ops::kMaxDecodeRows && fusableMatrix(layer.output) != nullptr;
}

bool canFuseAttention(std::int64_t tokens) {
    return tokens <= ops::kMaxAttendedTokens;
}

void projectFused(const AttentionPass& step) {
    const SequenceBuffers& buffers = step.sequence.buffers();
    ops::HeadStep head;
    head.queryNorm = step.layer.queryNorm;
    head.keyNorm = step.layer.keyNorm;
    head.eps = static_cast<float>(step.config.rmsNormEps);
    head.cosines = buffers.cosines;
    head.sines = buffers.sines;
    head.firstPosition = step.sequence.position(step.pass);
    head.query = rows(step, Activation::query);
    head.cache = cacheOf(step);
    ops::projectHeads({headMatrix(step.layer.query, rows(step, Activation::query), 0, buffers),
                       headMatrix(step.layer.key, rows(step, Activation::key), 1, buffers),
                       headMatrix(step.layer.value, rows(step, Activation::value), 2, buffers)},
                      {rows(step, Activation::hidden), step.layer.attentionNorm}, head,
                      step.sequence.stream());
}

void attendFused(const AttentionPass& step) {
    const SequenceBuffers& buffers = step.sequence.buffers();
    ops::Stream& stream = step.sequence.stream();
    const ops::Position position = step.sequence.position(step.pass);
    if (!canFuseProjection(step.layer, step.config, step.pass.tokens)) {
        ops::appendKv(cacheOf(step), rows(step, Activation::key), rows(step, Activation::value),
                      position, stream);
    }
    ops::attendSplits(cacheOf(step), rows(step, Activation::query), position,
                      buffers.attentionScratch, stream);
    const std::int64_t headDim = step.config.headDim;
    const Matrix<float> attended = rows(step, Activation::attended);
    if (!canFuseOutput(step.layer, step.pass.tokens)) {
        ops::combineSplits(buffers.attentionScratch, position, headDim, attended, stream);
        return;
    }
    const QuantizedMatrix& output = *fusableMatrix(step.layer.output);
    const ops::ActivationPlanes planes = planesOf(step, output);
    if (takesPlanesOfSplits(output, headDim)) {
        ops::combineSplits(buffers.attentionScratch, position, headDim, output.inputScale.data(),
                           planes, step.layer.output.adapter ? attended : Matrix<float>(), stream);
        return;
    }
    ops::combineSplits(buffers.attentionScratch, position, headDim, attended, stream);
    ops::quantizeActivations(attended, output.inputScale.data(), output.inputOrder.data(), planes,
                             stream);
}

void addAttendedFused(const AttentionPass& step) {
    const kernels::Linear& weight = step.layer.output;
    const QuantizedMatrix& output = *fusableMatrix(weight);
    ops::Stream& stream = step.sequence.stream();
    const Matrix<float> hidden = rows(step, Activation::hidden);
    const ops::AdapterRows adapter = adapterRows(weight, step.pass.tokens, step.sequence.buffers());
    ops::addQuantizedMatmul(output, planesOf(step, output), hidden, adapter,
                            rows(step, Activation::attended), stream);
    if (weight.adapter) {
        ops::denseMatmul(weight.adapter->b, adapter.low, hidden, ops::Store::add, stream);
    }
}

}  // namespace apertura::cuda
