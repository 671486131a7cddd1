// What backend.h names, found in a layer's weights and in a config: the same for every backend,
// whatever the type of the layer it keeps.
#pragma once

#include <array>
#include <cstdint>

#include "inference/backend/backend.h"

namespace apertura {

// `Layer` has the members of LayerWeights, of whatever types.
template <typename Layer>
const auto& normOf(const Layer& layer, NormWeight which) {
    switch (which) {
        case NormWeight::attention:
            return layer.attentionNorm;
        case NormWeight::query:
            return layer.queryNorm;
        case NormWeight::key:
            return layer.keyNorm;
        case NormWeight::feedforward:
            break;
    }
    return layer.feedforwardNorm;
}

template <typename Layer>
const kernels::Linear& linearOf(const Layer& layer, LinearWeight which) {
    switch (which) {
        case LinearWeight::query:
            return layer.query;
        case LinearWeight::key:
            return layer.key;
        case LinearWeight::value:
            return layer.value;
        case LinearWeight::output:
            return layer.output;
        case LinearWeight::up:
            return layer.up;
        case LinearWeight::down:
            break;
    }
    return layer.down;
}

inline constexpr std::array kActivations = {
    Activation::hidden, Activation::normed,   Activation::query,       Activation::key,
    Activation::value,  Activation::attended, Activation::feedforward, Activation::projected,
};

// Columns of an activation.
inline std::int64_t activationWidth(const ModelConfig& config, Activation which) {
    switch (which) {
        case Activation::query:
        case Activation::attended:
            return config.numAttentionHeads * config.headDim;
        case Activation::key:
        case Activation::value:
            return config.numKeyValueHeads * config.headDim;
        case Activation::feedforward:
            return config.intermediateSize;
        case Activation::hidden:
        case Activation::normed:
        case Activation::projected:
            break;
    }
    return config.hiddenSize;
}

}  // namespace apertura
