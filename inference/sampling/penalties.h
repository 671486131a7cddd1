// Stages 1 to 5 of the sampling chain (sampler.h): what changes single logits before any token is
// cut.
#pragma once

#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "inference/options.h"

namespace apertura::sampling {

using TokenSet = std::unordered_set<TokenId>;

// What the penalties look at: the last penalty_window ids of the context, and how many of them (at
// the end) belong to this answer. Ids outside the vocabulary keep their place and are otherwise
// ignored.
struct Window {
    std::span<const TokenId> ids;
    std::size_t answerLength = 0;  // at most ids.size()
};

// The window over `history`, whose first `promptLength` ids are the prompt.
Window windowOf(std::span<const TokenId> history, std::size_t promptLength,
                std::int64_t penaltyWindow);

// Changes logits in place. Owns its scratch memory, so that a token costs no allocation.
class Penalties {
public:
    // `breakers`: the ids that end a run of DRY.
    Penalties(const SamplingOptions& options, TokenSet breakers);

    void apply(const Window& window, std::span<double> logits);

private:
    void applyRepetition(std::span<const TokenId> ids, std::span<double> logits);
    void applyFrequencyAndPresence(std::span<const TokenId> ids, std::span<double> logits);
    void applyDry(std::span<const TokenId> ids, std::span<double> logits);

    SamplingOptions m_options;
    TokenSet m_breakers;
    std::vector<std::int32_t> m_counts;  // [V], all 0 between calls
    std::vector<TokenId> m_touched;      // ids with a count
};

}  // namespace apertura::sampling
