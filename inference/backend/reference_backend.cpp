#include "inference/backend/reference_backend.h"

#include "inference/backend/host.h"
#include "inference/backend/layer_parts.h"
#include "inference/backend/reference_sequence.h"
#include "kernels/reference/add.h"
#include "kernels/reference/attention.h"
#include "kernels/reference/embed.h"
#include "kernels/reference/linear.h"
#include "kernels/reference/rms_norm.h"
#include "kernels/reference/rope.h"
#include "kernels/reference/xielu.h"

namespace apertura {

namespace {

namespace ops = kernels::reference;
using kernels::Matrix;

// Large enough to spread the unpacking of a weight row over many tokens, small enough to show
// progress.
constexpr std::int64_t kMaxTokensPerPass = 64;

ReferenceSequence& sequenceOf(const Pass& pass) {
    return static_cast<ReferenceSequence&>(pass.sequence);
}

Matrix<float> rows(const Pass& pass, Activation which) {
    return sequenceOf(pass).activation(which, pass.tokens);
}

}  // namespace

ReferenceBackend::ReferenceBackend(int threads) : m_pool(threads) {}

ReferenceBackend::~ReferenceBackend() = default;

std::string ReferenceBackend::device() const {
    return processorName() + ", " + std::to_string(m_pool.threadCount()) +
           (m_pool.threadCount() == 1 ? " thread" : " threads");
}

DeviceMemory ReferenceBackend::memory() const {
    const std::int64_t resident = residentBytes();
    return {resident, availableBytes(), resident};
}

std::int64_t ReferenceBackend::maxTokensPerPass() const {
    return kMaxTokensPerPass;
}

std::int64_t ReferenceBackend::kvBytesPerToken(const ModelConfig& config, KvType) const {
    return config.numHiddenLayers * 2 * config.numKeyValueHeads * config.headDim *
           static_cast<std::int64_t>(sizeof(float));
}

Result<void> ReferenceBackend::prepare(std::shared_ptr<const ModelWeights> weights) {
    m_weights = std::move(weights);
    return {};
}

Result<std::unique_ptr<Sequence>> ReferenceBackend::newSequence(const SequenceOptions& options) {
    CHECK(m_weights != nullptr);
    return std::unique_ptr<Sequence>(std::make_unique<ReferenceSequence>(
        *m_weights, options, kMaxTokensPerPass, m_pool.threadCount()));
}

const LayerWeights& ReferenceBackend::layerWeights(std::int64_t layer) const {
    return m_weights->layers[static_cast<std::size_t>(layer)];
}

void ReferenceBackend::embed(const Pass& pass, std::span<const TokenId> ids) {
    ops::embed(m_weights->embedding, ids, rows(pass, Activation::hidden));
}

void ReferenceBackend::rmsNorm(const Pass& pass, std::int64_t layer, NormWeight weight,
                               Activation x, Activation y) {
    const std::vector<float>& values = normOf(layerWeights(layer), weight);
    const auto width = static_cast<std::int64_t>(values.size());
    // A row of heads is as many rows of one head.
    const auto split = [width](const Matrix<float>& all) {
        return Matrix<float>(all.data, all.rows * (all.columns / width), width);
    };
    ops::rmsNorm(values, split(rows(pass, x)), split(rows(pass, y)), m_weights->config.rmsNormEps);
}

void ReferenceBackend::linear(const Pass& pass, std::int64_t layer, LinearWeight weight,
                              Activation x, Activation y) {
    ops::linear(linearOf(layerWeights(layer), weight), rows(pass, x), rows(pass, y),
                sequenceOf(pass).linearScratch(), m_pool);
}

void ReferenceBackend::rope(const Pass& pass, Activation x) {
    const RopeTable& table = sequenceOf(pass).ropeTable();
    ops::rope(table.cosines(pass.firstPosition, pass.tokens),
              table.sines(pass.firstPosition, pass.tokens), rows(pass, x));
}

void ReferenceBackend::attention(const Pass& pass, std::int64_t layer) {
    ReferenceSequence& sequence = sequenceOf(pass);
    sequence.cacheKeyValue(layer, pass.firstPosition, pass.tokens);
    ops::attention(sequence.cache(layer), rows(pass, Activation::query),
                   rows(pass, Activation::attended), sequence.scores(), pass.firstPosition, m_pool);
}

void ReferenceBackend::activation(const Pass& pass, std::int64_t layer) {
    ops::xielu(layerWeights(layer).xielu, rows(pass, Activation::feedforward));
}

void ReferenceBackend::add(const Pass& pass) {
    ops::add(rows(pass, Activation::projected), rows(pass, Activation::hidden));
}

void ReferenceBackend::logits(const Pass& pass, Matrix<float> logits) {
    const std::int64_t first = pass.tokens - logits.rows;
    const auto hidden = rows(pass, Activation::hidden).rowRange(first, logits.rows);
    const auto normed = rows(pass, Activation::normed).rowRange(first, logits.rows);
    ops::rmsNorm(m_weights->finalNorm, hidden, normed, m_weights->config.rmsNormEps);
    ops::linear(m_weights->head, normed, logits, sequenceOf(pass).linearScratch(), m_pool);
}

}  // namespace apertura
