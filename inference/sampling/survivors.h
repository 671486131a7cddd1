// Stages 6 to 12 of the sampling chain (sampler.h): the tokens not cut so far, and the cuts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "inference/options.h"

namespace apertura::sampling {

struct Survivor {
    double logit = 0.0;   // after the penalties, before the temperature
    double weight = 0.0;  // exp((logit - the survivors' largest) / temperature)
    TokenId id = 0;
};

// The order of tokens: higher logit first, equal logits by lower id.
constexpr bool isAhead(const Survivor& a, const Survivor& b) {
    return a.logit > b.logit || (a.logit == b.logit && a.id < b.id);
}

// Only as much is sorted and only as many exponentials are taken as the next cut needs: V is
// 131,072. Requires: every call on at least one survivor; no cut removes the last one.
class Survivors {
public:
    // Every token above -inf. Returns how many those are.
    std::size_t fill(std::span<const double> logits, double temperature);
    // The first tokens of the order; their weights are not read.
    void fill(std::span<const Survivor> first, double temperature);

    void keepTopNSigma(double n);
    void keepTopK(std::int64_t k);
    void keepTopP(double topP);
    // keepTopP() where the survivors may be no more than the beginning of the order, and all
    // weights sum up to `total`, give or take `uncertainty` of it. Returns false, with nothing cut,
    // where that leaves open what is kept.
    [[nodiscard]] bool keepTopPOf(double topP, double total, double uncertainty);
    void keepMinP(double minP);
    void keepTypicalP(double typicalP);
    // Removes all tokens of at least `threshold` but the last of them, if they are two or more.
    void excludeTopChoices(double threshold);

    // All survivors in the order of tokens, weighed. Valid until the next call.
    std::span<const Survivor> ordered();
    // The weight that a token of this logit has or would have.
    double weightOf(double logit) const;
    double totalWeight();

private:
    void weigh();
    double sumOfWeights() const;
    void sort();
    void radixSort();
    // Keeps the tokens with the least m_distances, the fewest whose weights sum to `goal`.
    // Requires: sorted; distances fall up to `nearest` and rise from there.
    void keepNearest(std::size_t nearest, double goal);

    std::vector<Survivor> m_tokens;
    std::vector<Survivor> m_scratch;  // what sort() moves the tokens through
    std::vector<double> m_distances;  // scratch of typical-p, by token
    double m_temperature = 1.0;
    double m_largest = 0.0;
    bool m_weighed = false;
    bool m_sorted = false;  // in the order of tokens
    bool m_byId = false;    // in the order of ids
};

}  // namespace apertura::sampling
