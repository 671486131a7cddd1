#include "inference/backend/backend.h"

namespace apertura {

MemoryNeed Backend::memoryNeed(const ModelWeights& weights, const SequenceOptions& options) const {
    return {options.contextSize, weights.weightBytes, weights.adapterBytes,
            options.contextSize * kvBytesPerToken(weights.config, options.kv), 0};
}

void Backend::bestLogits(const Pass& pass, const BestLogitsRequest& request, std::span<float> row,
                         BestLogits& best) {
    logits(pass, {row.data(), 1, static_cast<std::int64_t>(row.size())});
    findBestLogits(row, request, best);
}

void Backend::fetchLogits(Sequence& /*sequence*/, std::span<float> /*row*/) {}

bool Backend::replayLayers(const Pass& /*pass*/) {
    return false;
}

void Backend::projectQueryKeyValue(const Pass& pass, std::int64_t layer) {
    rmsNorm(pass, layer, NormWeight::attention, Activation::hidden, Activation::normed);
    linear(pass, layer, LinearWeight::query, Activation::normed, Activation::query);
    linear(pass, layer, LinearWeight::key, Activation::normed, Activation::key);
    linear(pass, layer, LinearWeight::value, Activation::normed, Activation::value);
    rmsNorm(pass, layer, NormWeight::query, Activation::query, Activation::query);
    rmsNorm(pass, layer, NormWeight::key, Activation::key, Activation::key);
    rope(pass, Activation::query);
    rope(pass, Activation::key);
}

void Backend::attend(const Pass& pass, std::int64_t layer) {
    attention(pass, layer);
}

void Backend::addAttended(const Pass& pass, std::int64_t layer) {
    linear(pass, layer, LinearWeight::output, Activation::attended, Activation::projected);
    add(pass);
}

void Backend::addFeedforward(const Pass& pass, std::int64_t layer) {
    rmsNorm(pass, layer, NormWeight::feedforward, Activation::hidden, Activation::normed);
    linear(pass, layer, LinearWeight::up, Activation::normed, Activation::feedforward);
    activation(pass, layer);
    linear(pass, layer, LinearWeight::down, Activation::feedforward, Activation::projected);
    add(pass);
}

void Backend::runLayer(const Pass& pass, std::int64_t layer) {
    projectQueryKeyValue(pass, layer);
    attend(pass, layer);
    addAttended(pass, layer);
    addFeedforward(pass, layer);
}

}  // namespace apertura
