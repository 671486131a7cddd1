#include "inference/sampling/best_logits.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "kernels/check.h"

namespace apertura {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

bool isAhead(const TokenLogit& a, const TokenLogit& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

// Of exp((logit - largest) / temperature), in the order of ids.
double sumOfWeights(std::span<const float> row, double largest, double temperature) {
    double sum = 0.0;
    for (const float logit : row) {
        sum += std::exp((logit - largest) / temperature);
    }
    return sum;
}

// Stages 6 and on with a temperature above 0, and how much of the order of tokens they can look at.
std::int64_t wantedToDraw(const SamplingOptions& options) {
    if (options.topNSigma > 0.0) {
        return 0;
    }
    const bool isChanged = sampling::changesLogits(options);
    if (options.topK > 0) {
        // What is lowered may fall behind tokens that are not known.
        return isChanged && options.topK <= kMostBestLogits ? kMostBestLogits : options.topK;
    }
    // From here on what all tokens sum up to is needed, which changed logits leave open; min-p
    // alone looks at the largest only.
    if (options.topP < 1.0) {
        return isChanged ? 0 : kMostBestLogits;
    }
    if (options.minP > 0.0) {
        return kMostBestLogits;
    }
    return isChanged || options.typicalP < 1.0 || options.xtcProbability > 0.0 ? 0
                                                                               : kMostBestLogits;
}

}  // namespace

void findBestLogits(std::span<const float> row, const BestLogitsRequest& request,
                    BestLogits& best) {
    const auto count = static_cast<std::size_t>(request.count);
    CHECK(count >= 1 && count <= row.size());
    CHECK(request.temperature > 0.0);
    // A heap with the last of the best on top.
    best.tokens.clear();
    best.tokens.reserve(count);
    for (std::size_t i = 0; i < row.size(); ++i) {
        const TokenLogit token{static_cast<TokenId>(i), row[i]};
        if (best.tokens.size() == count) {
            if (!isAhead(token, best.tokens.front())) {
                continue;
            }
            std::pop_heap(best.tokens.begin(), best.tokens.end(), isAhead);
            best.tokens.back() = token;
        } else {
            best.tokens.push_back(token);
        }
        std::push_heap(best.tokens.begin(), best.tokens.end(), isAhead);
    }
    std::sort_heap(best.tokens.begin(), best.tokens.end(), isAhead);
    const double largest = best.tokens.front().logit;
    const double sum = sumOfWeights(row, largest, 1.0);
    best.logSumExp = largest + std::log(sum);
    best.weightSum =
        request.temperature == 1.0 ? sum : sumOfWeights(row, largest, request.temperature);
}

std::int64_t bestLogitsWanted(const SamplingOptions& options) {
    if (sampling::changesLogits(options) && !sampling::onlyLowersLogits(options)) {
        return 0;
    }
    std::int64_t wanted = wantedToDraw(options);
    if (options.temperature == 0.0) {
        wanted = sampling::changesLogits(options) ? kMostBestLogits : 1;
    }
    const std::int64_t withReported = std::max(wanted, options.logprobs);
    return wanted == 0 || withReported > kMostBestLogits ? 0 : withReported;
}

SampledToken logProbabilities(const BestLogits& best, TokenId chosen, std::int64_t n) {
    const auto found =
        std::find_if(best.tokens.begin(), best.tokens.end(),
                     [chosen](const TokenLogit& token) { return token.id == chosen; });
    CHECK(found != best.tokens.end());
    SampledToken result{chosen, found->logit - best.logSumExp, found - best.tokens.begin(), {}};
    for (const TokenLogit& token : best.tokens) {
        if (static_cast<std::int64_t>(result.top.size()) == n || token.logit == kNever) {
            break;
        }
        result.top.push_back({token.id, token.logit - best.logSumExp});
    }
    return result;
}

namespace sampling {

bool changesLogits(const SamplingOptions& options) {
    return !options.banned.empty() || !options.logitBias.empty() ||
           options.repetitionPenalty != 1.0 || options.presencePenalty != 0.0 ||
           options.frequencyPenalty != 0.0 || options.dryMultiplier != 0.0;
}

bool onlyLowersLogits(const SamplingOptions& options) {
    return std::all_of(options.logitBias.begin(), options.logitBias.end(),
                       [](const auto& bias) { return bias.second <= 0.0; }) &&
           options.repetitionPenalty >= 1.0 && options.presencePenalty >= 0.0 &&
           options.frequencyPenalty >= 0.0 && options.dryMultiplier >= 0.0;
}

}  // namespace sampling

}  // namespace apertura
