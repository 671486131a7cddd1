// The Apertus decoder, written once over Backend.
#pragma once

#include <cstdint>
#include <span>
#include <stop_token>

#include "inference/backend/backend.h"

namespace apertura {

// Threads: as the backend. The backend outlives it.
class Decoder {
public:
    Decoder(Backend& backend, std::int64_t layerCount)
        : m_backend(backend), m_layerCount(layerCount) {}

    // Sends ids through the layers of the model. Returns whether it came to the end; stopped
    // between two layers, the positions of these ids in the cache are undefined.
    //
    // Requires: as Pass and Backend::embed.
    [[nodiscard]] bool advance(const Pass& pass, std::span<const TokenId> ids,
                               const std::stop_token& stop);

    // Sends ids through the layers at positions from `firstPosition` on and fills `logits` with
    // those of the last `logits.rows` ids (none where it has no rows). Returns as advance();
    // stopped, `logits` is untouched.
    //
    // Shapes:   logits [0 to T, V].
    // Requires: as Pass and Backend::embed.
    [[nodiscard]] bool forward(Sequence& sequence, std::int64_t firstPosition,
                               std::span<const TokenId> ids, kernels::Matrix<float> logits,
                               const std::stop_token& stop);

private:
    Backend& m_backend;
    std::int64_t m_layerCount;
};

}  // namespace apertura
