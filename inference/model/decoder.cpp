#include "inference/model/decoder.h"

namespace apertura {

bool Decoder::advance(const Pass& pass, std::span<const TokenId> ids, const std::stop_token& stop) {
    m_backend.embed(pass, ids);
    if (!stop.stop_requested() && m_backend.replayLayers(pass)) {
        return true;
    }
    for (std::int64_t layer = 0; layer < m_layerCount; ++layer) {
        if (stop.stop_requested()) {
            return false;
        }
        m_backend.runLayer(pass, layer);
    }
    return true;
}

bool Decoder::forward(Sequence& sequence, std::int64_t firstPosition, std::span<const TokenId> ids,
                      kernels::Matrix<float> logits, const std::stop_token& stop) {
    const Pass pass{sequence, firstPosition, static_cast<std::int64_t>(ids.size())};
    if (!advance(pass, ids, stop)) {
        return false;
    }
    if (logits.rows > 0) {
        m_backend.logits(pass, logits);
    }
    return true;
}

}  // namespace apertura
