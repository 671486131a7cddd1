// From logits to the next token: the sampling chain. This comment is its one description; options.h
// has the parameters' defaults, sampling_parameters.h checks their ranges.
//
//    stage                         parameters (neutral value)
//  1 ban                           banned (none): l = -inf
//  2 bias                          logit_bias (none): l += bias
//  3 repetition penalty            repetition_penalty (1): once per id of the window,
//                                  l = l / r if l > 0, else l * r (arXiv:1909.05858)
//  4 frequency, presence penalty   frequency_penalty, presence_penalty (0):
//                                  l -= f * count + q * [count > 0],
//                                  count in the answer's part of the window
//  5 DRY                           dry_multiplier (0), dry_base, dry_allowed_length,
//                                  dry_sequence_breakers:
//                                  l -= multiplier * base^(match - allowed length), match <= 50
//    greedy                        with temperature 0 the chain ends here with the first token
//  6 top-n-sigma                   top_n_sigma (0): l >= max - n * sigma (arXiv:2411.07641)
//  7 temperature                   temperature (1): z = (l - max) / T
//  8 top-k                         top_k (0): the first k tokens
//  9 top-p                         top_p (1): the shortest beginning whose p sum to at least top_p
// 10 min-p                         min_p (0): exp(z - max z) >= min_p (arXiv:2407.01082)
// 11 typical-p                     typical_p (1): sorted by |-ln p - H|, the shortest beginning
//                                  whose p sum to at least typical_p (arXiv:2202.00666)
// 12 XTC                           xtc_probability (0), xtc_threshold: if u' < probability, of the
//                                  tokens with p >= threshold all but the last are removed, if
//                                  they are two or more
// 13 draw                          seed: w = exp(z - max z), summed up in order; the first token
//                                  whose running sum is greater than u * S
//
// History is every id of the context, prompt first; the window is its last penalty_window ids (-1:
// all). Repetition and DRY look at the whole window. The order of tokens is higher logit first,
// equal logits by lower id; p is the softmax over the survivors, renormalised after every cut. No
// cut removes the last survivor. u and u' of token t of the answer come from Philox4x32-10
// (philox.h), so the same seed gives the same token on every platform that computes the same
// logits. All arithmetic is float64.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "inference/engine.h"
#include "inference/options.h"
#include "inference/sampling/best_logits.h"
#include "inference/sampling/penalties.h"
#include "inference/sampling/sampling_parameters.h"
#include "inference/sampling/survivors.h"
#include "inference/status.h"

namespace apertura {

class Tokenizer;

// The seed the options name, else a fresh one from the operating system.
std::uint64_t resolvedSeed(const SamplingOptions& options);

// The DRY breakers of a vocabulary: every token whose text contains one of the options' breaker
// texts, and every special token. Empty where DRY is off, as it reads the whole vocabulary.
sampling::TokenSet dryBreakers(const SamplingOptions& options, const Tokenizer& tokenizer);

// What an answer starts from.
struct SamplerStart {
    SamplingOptions options;
    std::uint64_t seed = 0;        // resolved; options.seed is not looked at
    sampling::TokenSet breakers;   // beside options.dryBreakerIds
    std::vector<TokenId> history;  // the context so far
    std::size_t promptLength = 0;  // of it; the rest is the answer's beginning, which is continued
    std::int64_t vocabularySize = 0;  // V of the logits
};

// Chooses the tokens of one answer.
// Threads: use from one thread at a time.
class Sampler {
public:
    // Requires: promptLength <= history.size().
    // Errors: invalidRequest, as validateSampling.
    static Result<Sampler> create(SamplerStart start);

    // The next token, which joins the history. `logits` are the model's, [V].
    // Errors: invalidRequest: NaN or +inf among the logits, none at all or only -inf (the sentence
    // names the logits), or the bans leave nothing to draw (it names `banned`). The history then
    // stays as it is.
    Result<TokenId> next(std::span<const float> logits);

    // The same token from the best of the row alone, nothing where it takes the whole row to tell,
    // or where that has no token to draw. `best` are as many as bestLogitsWanted() says, or more;
    // weightSum is that at the options' temperature. The history stays as it is where there is
    // nothing.
    std::optional<TokenId> next(const BestLogits& best);

    // What next() would draw from: every id that can be drawn with its probability, in the order of
    // tokens. `xtcDraw` replaces u' where it is given. The history stays as it is. Errors: as
    // next().
    Result<std::vector<std::pair<TokenId, double>>> distribution(
        std::span<const float> logits, std::optional<double> xtcDraw = std::nullopt);

    const std::vector<TokenId>& history() const { return m_history; }

private:
    explicit Sampler(SamplerStart start);
    std::uint64_t tokenIndex() const { return m_history.size() - m_promptLength; }
    // Stages 1 to 5 into m_logits.
    Result<void> penalize(std::span<const float> logits);
    std::size_t firstToken() const;
    // Stages 6 to 12 over m_logits.
    std::span<const sampling::Survivor> cut(double xtcDraw);

    // What is known of the order of tokens from the best of a row: its beginning, after stages 1 to
    // 5, in m_known. Returns whether that is all of it.
    enum class Known { beginning, all };
    Known startFrom(const BestLogits& best);
    // Stages 6 to 12 over m_known; nothing where it is open what they keep. Returns whether all
    // survivors are known.
    std::optional<Known> cutKnown(const BestLogits& best, Known known, double xtcDraw);
    // Stage 13, the survivors being the beginning of the whole order.
    std::optional<TokenId> drawFromBeginning(const BestLogits& best, double draw);

    SamplingOptions m_options;
    std::uint64_t m_seed;
    std::vector<TokenId> m_history;
    std::size_t m_promptLength;
    sampling::Penalties m_penalties;
    sampling::Survivors m_survivors;
    std::vector<double> m_logits;  // [V]
    bool m_isBlank = false;        // m_logits are all -inf
    std::vector<sampling::Survivor> m_known;
};

// Of the model's own distribution (before stage 1): the chosen token's log-probability and rank,
// and the `n` most likely tokens in the order of tokens, those at -inf left out. Requires: 0 <=
// chosen < logits.size().
SampledToken logProbabilities(std::span<const float> logits, TokenId chosen, std::int64_t n);

}  // namespace apertura
