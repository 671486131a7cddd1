#include "inference/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <utility>

#include "inference/sampling/philox.h"
#include "inference/text/tokenizer.h"
#include "kernels/check.h"

namespace apertura {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();
// By how much of itself a sum in float64 may differ from one in another order.
constexpr double kOtherOrder = 1e-9;

Error badLogits(const std::string& what) {
    return {ErrorCode::invalidRequest,
            "The model's logits " + what + ", so no token can be drawn."};
}

// Whether a token can be drawn from what the model computed.
Result<void> checkLogits(std::span<const float> logits) {
    bool anyAbove = false;
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (!(logits[i] <= std::numeric_limits<float>::max())) {
            return badLogits((std::isnan(logits[i]) ? "hold NaN at id " : "hold infinity at id ") +
                             std::to_string(i));
        }
        anyAbove = anyAbove || logits[i] >= -std::numeric_limits<float>::max();
    }
    if (!anyAbove) {
        return badLogits(logits.empty() ? "are empty" : "are all -inf");
    }
    return {};
}

// Stage 13. Requires: a survivor.
TokenId drawFrom(std::span<const sampling::Survivor> survivors, double draw) {
    double total = 0.0;
    for (const auto& token : survivors) {
        total += token.weight;
    }
    TokenId chosen = survivors.front().id;
    double sum = 0.0;
    for (const auto& token : survivors) {
        if (token.weight > 0.0) {  // where rounding leaves none, the last of these is the one
            chosen = token.id;
        }
        sum += token.weight;
        if (sum > draw * total) {
            break;
        }
    }
    return chosen;
}

}  // namespace

std::uint64_t resolvedSeed(const SamplingOptions& options) {
    if (options.seed) {
        return *options.seed;
    }
    std::random_device entropy;
    return (std::uint64_t{entropy()} << 32) | entropy();
}

sampling::TokenSet dryBreakers(const SamplingOptions& options, const Tokenizer& tokenizer) {
    sampling::TokenSet breakers;
    if (options.dryMultiplier == 0.0) {
        return breakers;
    }
    for (TokenId id = 0; id < tokenizer.size(); ++id) {
        const std::string_view text = tokenizer.bytes(id);
        const auto breaks = [&](const std::string& breaker) {
            return text.find(breaker) != std::string_view::npos;
        };
        if (tokenizer.isSpecial(id) || std::any_of(options.drySequenceBreakers.begin(),
                                                   options.drySequenceBreakers.end(), breaks)) {
            breakers.insert(id);
        }
    }
    return breakers;
}

Result<Sampler> Sampler::create(SamplerStart start) {
    CHECK(start.promptLength <= start.history.size());
    if (const auto valid = validateSampling(start.options, start.vocabularySize); !valid) {
        return valid.error();
    }
    return Sampler(std::move(start));
}

Sampler::Sampler(SamplerStart start)
    : m_options(start.options),
      m_seed(start.seed),
      m_history(std::move(start.history)),
      m_promptLength(start.promptLength),
      m_penalties(start.options, std::move(start.breakers)),
      m_logits(static_cast<std::size_t>(start.vocabularySize)) {}

Result<TokenId> Sampler::next(std::span<const float> logits) {
    if (const auto penalized = penalize(logits); !penalized) {
        return penalized.error();
    }
    TokenId chosen = static_cast<TokenId>(firstToken());
    if (m_options.temperature > 0.0) {
        const auto uniforms = sampling::uniformsOfToken(m_seed, tokenIndex());
        chosen = drawFrom(cut(uniforms.xtc), uniforms.draw);
    }
    m_history.push_back(chosen);
    return chosen;
}

Result<std::vector<std::pair<TokenId, double>>> Sampler::distribution(
    std::span<const float> logits, std::optional<double> xtcDraw) {
    if (const auto penalized = penalize(logits); !penalized) {
        return penalized.error();
    }
    std::vector<std::pair<TokenId, double>> result;
    if (m_options.temperature == 0.0) {
        result.emplace_back(static_cast<TokenId>(firstToken()), 1.0);
        return result;
    }
    const auto survivors =
        cut(xtcDraw.value_or(sampling::uniformsOfToken(m_seed, tokenIndex()).xtc));
    double total = 0.0;
    for (const auto& token : survivors) {
        total += token.weight;
    }
    for (const auto& token : survivors) {
        result.emplace_back(token.id, token.weight / total);
    }
    return result;
}

Result<void> Sampler::penalize(std::span<const float> logits) {
    if (const auto sound = checkLogits(logits); !sound) {
        return sound.error();
    }
    CHECK(logits.size() == m_logits.size());
    m_isBlank = false;
    std::copy(logits.begin(), logits.end(), m_logits.begin());
    m_penalties.apply(sampling::windowOf(m_history, m_promptLength, m_options.penaltyWindow),
                      m_logits);
    if (!m_options.banned.empty() && m_logits[firstToken()] == kNever) {
        return Error{ErrorCode::invalidRequest,
                     "banned must be ids of the vocabulary, not all that could be drawn, but "
                     "nothing is left."};
    }
    return {};
}

std::size_t Sampler::firstToken() const {
    return static_cast<std::size_t>(std::max_element(m_logits.begin(), m_logits.end()) -
                                    m_logits.begin());
}

std::span<const sampling::Survivor> Sampler::cut(double xtcDraw) {
    m_survivors.fill(m_logits, m_options.temperature);
    if (m_options.topNSigma > 0.0) {
        m_survivors.keepTopNSigma(m_options.topNSigma);
    }
    if (m_options.topK > 0) {
        m_survivors.keepTopK(m_options.topK);
    }
    if (m_options.topP < 1.0) {
        m_survivors.keepTopP(m_options.topP);
    }
    if (m_options.minP > 0.0) {
        m_survivors.keepMinP(m_options.minP);
    }
    if (m_options.typicalP < 1.0) {
        m_survivors.keepTypicalP(m_options.typicalP);
    }
    if (xtcDraw < m_options.xtcProbability) {
        m_survivors.excludeTopChoices(m_options.xtcThreshold);
    }
    return m_survivors.ordered();
}

std::optional<TokenId> Sampler::next(const BestLogits& best) {
    CHECK(!best.tokens.empty() && best.tokens.size() <= m_logits.size());
    if (!std::isfinite(best.logSumExp)) {
        return std::nullopt;
    }
    const Known known = startFrom(best);
    if (m_known.empty()) {
        return std::nullopt;
    }
    std::optional<TokenId> chosen;
    if (m_options.temperature == 0.0) {
        chosen = std::min_element(m_known.begin(), m_known.end(), sampling::isAhead)->id;
    } else {
        const auto uniforms = sampling::uniformsOfToken(m_seed, tokenIndex());
        const auto survivors = cutKnown(best, known, uniforms.xtc);
        if (survivors == Known::all) {
            chosen = drawFrom(m_survivors.ordered(), uniforms.draw);
        } else if (survivors == Known::beginning) {
            chosen = drawFromBeginning(best, uniforms.draw);
        }
    }
    if (chosen) {
        m_history.push_back(*chosen);
    }
    return chosen;
}

Sampler::Known Sampler::startFrom(const BestLogits& best) {
    // All other tokens are at most at `beyond`, and stay there.
    const double beyond =
        best.tokens.size() == m_logits.size() ? kNever : double{best.tokens.back().logit};
    m_known.clear();
    if (!sampling::changesLogits(m_options)) {
        for (const TokenLogit& token : best.tokens) {
            if (token.logit > kNever) {
                m_known.push_back({token.logit, 0.0, token.id});
            }
        }
        return beyond == kNever ? Known::all : Known::beginning;
    }
    // The penalties find the known logits where they stand in the row, all others at -inf, which
    // they cannot change.
    if (!std::exchange(m_isBlank, true)) {
        std::fill(m_logits.begin(), m_logits.end(), kNever);
    }
    for (const TokenLogit& token : best.tokens) {
        m_logits[static_cast<std::size_t>(token.id)] = token.logit;
    }
    m_penalties.apply(sampling::windowOf(m_history, m_promptLength, m_options.penaltyWindow),
                      m_logits);
    for (const TokenLogit& token : best.tokens) {
        const double logit = std::exchange(m_logits[static_cast<std::size_t>(token.id)], kNever);
        if (logit > beyond) {
            m_known.push_back({logit, 0.0, token.id});
        }
    }
    return beyond == kNever ? Known::all : Known::beginning;
}

std::optional<Sampler::Known> Sampler::cutKnown(const BestLogits& best, Known known,
                                                double xtcDraw) {
    const auto open = std::optional<Known>();
    m_survivors.fill(m_known, m_options.temperature);
    if (m_options.topNSigma > 0.0) {
        return open;
    }
    if (m_options.topK > 0) {
        if (known != Known::all && static_cast<std::int64_t>(m_known.size()) < m_options.topK) {
            return open;
        }
        m_survivors.keepTopK(m_options.topK);
        known = Known::all;
    }
    if (m_options.topP < 1.0) {
        const bool isCut =
            known == Known::all
                ? m_survivors.keepTopPOf(m_options.topP, m_survivors.totalWeight(), kOtherOrder)
                : !sampling::changesLogits(m_options) &&
                      m_survivors.keepTopPOf(m_options.topP, best.weightSum, kBestLogitsSumError);
        if (!isCut) {
            return open;
        }
        known = Known::all;
    }
    if (m_options.minP > 0.0) {
        m_survivors.keepMinP(m_options.minP);
        if (m_survivors.weightOf(best.tokens.back().logit) < m_options.minP * (1.0 - kOtherOrder)) {
            known = Known::all;
        }
    }
    const bool isXtc = xtcDraw < m_options.xtcProbability;
    if (known != Known::all &&
        (m_options.typicalP < 1.0 || isXtc || sampling::changesLogits(m_options))) {
        return open;
    }
    if (m_options.typicalP < 1.0) {
        m_survivors.keepTypicalP(m_options.typicalP);
    }
    if (isXtc) {
        m_survivors.excludeTopChoices(m_options.xtcThreshold);
    }
    return known;
}

std::optional<TokenId> Sampler::drawFromBeginning(const BestLogits& best, double draw) {
    if (m_options.minP > 0.0) {
        return std::nullopt;  // what is left of the rest is not known
    }
    const double goal = draw * best.weightSum;
    double sum = 0.0;
    for (const auto& token : m_survivors.ordered()) {
        sum += token.weight;
        if (sum > goal * (1.0 + kBestLogitsSumError)) {
            return token.id;
        }
        if (!(sum < goal * (1.0 - kBestLogitsSumError))) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

SampledToken logProbabilities(std::span<const float> logits, TokenId chosen, std::int64_t n) {
    CHECK(chosen >= 0 && static_cast<std::size_t>(chosen) < logits.size());
    const auto ahead = [&](TokenId a, TokenId b) {
        const float la = logits[static_cast<std::size_t>(a)];
        const float lb = logits[static_cast<std::size_t>(b)];
        return la > lb || (la == lb && a < b);
    };
    const double largest = *std::max_element(logits.begin(), logits.end());
    double total = 0.0;
    SampledToken result;
    result.id = chosen;
    std::vector<TokenId> best;  // at most n, in order
    for (TokenId id = 0; static_cast<std::size_t>(id) < logits.size(); ++id) {
        const double logit = logits[static_cast<std::size_t>(id)];
        total += std::exp(logit - largest);
        result.rank += ahead(id, chosen) ? 1 : 0;
        const bool joins =
            static_cast<std::int64_t>(best.size()) < n || (n > 0 && ahead(id, best.back()));
        if (joins && logit > kNever) {
            best.insert(std::upper_bound(best.begin(), best.end(), id, ahead), id);
            best.resize(std::min(best.size(), static_cast<std::size_t>(n)));
        }
    }
    const double shift = largest + std::log(total);
    result.logprob = logits[static_cast<std::size_t>(chosen)] - shift;
    for (const TokenId id : best) {
        result.top.push_back({id, logits[static_cast<std::size_t>(id)] - shift});
    }
    return result;
}

}  // namespace apertura
