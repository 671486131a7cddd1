// The best tokens of a row of logits and what the whole row sums up to: all that most samplers
// need, so that the row itself can stay where it was computed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inference/engine.h"
#include "inference/options.h"

namespace apertura {

// So many tokens at most are asked for.
inline constexpr std::int64_t kMostBestLogits = 256;

// A sum of exponentials may be off by so much of itself.
inline constexpr double kBestLogitsSumError = 0x1p-17;

struct BestLogitsRequest {
    std::int64_t count = 0;    // tokens wanted, from 1 to min(V, kMostBestLogits)
    double temperature = 1.0;  // of weightSum, > 0
};

struct TokenLogit {
    TokenId id = 0;
    float logit = 0.0F;
};

struct BestLogits {
    std::vector<TokenLogit> tokens;  // higher logit first, equal logits by lower id
    double logSumExp = 0.0;          // not finite where a logit is NaN or +inf, or all are -inf
    double weightSum = 0.0;          // sum of exp((logit - the largest) / temperature)
};

// Fills `best` from a row in host memory. Nothing is allocated where `best` has had as many tokens
// before.
void findBestLogits(std::span<const float> row, const BestLogitsRequest& request, BestLogits& best);

// How many of the best tokens an answer with these options is to ask for; 0 where it needs the
// whole row for every token. Even where it is not 0 a single token may need the row
// (Sampler::next). Requires: valid options.
std::int64_t bestLogitsWanted(const SamplingOptions& options);

// As logProbabilities of the row (sampler.h), the log-probabilities off by kBestLogitsSumError at
// most. Requires: `chosen` is one of the tokens; n of them, or all that the row has.
SampledToken logProbabilities(const BestLogits& best, TokenId chosen, std::int64_t n);

namespace sampling {

// Whether stages 1 to 5 of the chain (sampler.h) do anything, and whether all they can do is to
// lower a logit.
bool changesLogits(const SamplingOptions& options);
bool onlyLowersLogits(const SamplingOptions& options);

}  // namespace sampling

}  // namespace apertura
