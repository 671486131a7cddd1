#include "inference/sampling/survivors.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <utility>

#include "kernels/check.h"

namespace apertura::sampling {

namespace {

// From here on counting digits beats comparing: 131,072 tokens take 6 ms instead of 16 ms.
constexpr std::size_t kRadixFrom = 8192;
constexpr int kDigitBits = 11;
constexpr std::size_t kDigits = std::size_t{1} << kDigitBits;

// A key that grows as the logit falls; equal for 0 and -0.
std::uint64_t fallingKey(double logit) {
    const auto bits = std::bit_cast<std::uint64_t>(logit + 0.0);
    constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
    return (bits & kSign) != 0 ? bits : ~(bits | kSign);
}

}  // namespace

std::size_t Survivors::fill(std::span<const double> logits, double temperature) {
    m_tokens.clear();
    m_tokens.reserve(logits.size());
    m_temperature = temperature;
    m_largest = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < logits.size(); ++i) {
        if (logits[i] > -std::numeric_limits<double>::infinity()) {
            m_tokens.push_back({logits[i], 0.0, static_cast<TokenId>(i)});
            m_largest = std::max(m_largest, logits[i]);
        }
    }
    m_weighed = false;
    m_sorted = false;
    m_byId = true;
    return m_tokens.size();
}

void Survivors::fill(std::span<const Survivor> first, double temperature) {
    m_tokens.assign(first.begin(), first.end());
    std::sort(m_tokens.begin(), m_tokens.end(), isAhead);
    m_temperature = temperature;
    m_weighed = false;
    m_sorted = true;
    m_byId = false;
}

void Survivors::keepTopNSigma(double n) {
    const auto count = static_cast<double>(m_tokens.size());
    double mean = 0.0;
    for (const Survivor& token : m_tokens) {
        mean += token.logit / count;
    }
    double variance = 0.0;
    for (const Survivor& token : m_tokens) {
        variance += (token.logit - mean) * (token.logit - mean) / count;
    }
    const double lowest = m_largest - n * std::sqrt(variance);
    std::erase_if(m_tokens, [&](const Survivor& token) { return token.logit < lowest; });
}

void Survivors::keepTopK(std::int64_t k) {
    if (k >= static_cast<std::int64_t>(m_tokens.size())) {
        return;
    }
    if (!m_sorted) {
        std::nth_element(m_tokens.begin(), m_tokens.begin() + (k - 1), m_tokens.end(), isAhead);
    }
    m_tokens.resize(static_cast<std::size_t>(k));
    m_byId = false;
}

void Survivors::keepTopP(double topP) {
    weigh();
    const double total = sumOfWeights();
    if (!m_sorted) {
        // Tokens that all n together could not reach (1 - topP) are not in the shortest beginning.
        // Half of that bound leaves room for rounding.
        const double floor = 0.5 * (1.0 - topP) * total / static_cast<double>(m_tokens.size());
        std::erase_if(m_tokens, [&](const Survivor& token) { return token.weight < floor; });
        sort();
    }
    double sum = 0.0;
    for (std::size_t i = 0; i < m_tokens.size(); ++i) {
        sum += m_tokens[i].weight;
        if (sum >= topP * total) {
            m_tokens.resize(i + 1);
            return;
        }
    }
}

bool Survivors::keepTopPOf(double topP, double total, double uncertainty) {
    weigh();
    sort();
    const double goal = topP * total;
    double sum = 0.0;
    for (std::size_t i = 0; i < m_tokens.size(); ++i) {
        sum += m_tokens[i].weight;
        if (sum >= goal * (1.0 + uncertainty)) {
            m_tokens.resize(i + 1);
            return true;
        }
        if (!(sum < goal * (1.0 - uncertainty))) {
            return false;
        }
    }
    return false;
}

void Survivors::keepMinP(double minP) {
    weigh();
    std::erase_if(m_tokens, [&](const Survivor& token) { return token.weight < minP; });
}

void Survivors::keepTypicalP(double typicalP) {
    sort();
    weigh();
    const double total = sumOfWeights();
    const double logTotal = std::log(total);
    // -ln p, exact where p itself is too small for a double
    const auto surprise = [&](const Survivor& token) {
        return logTotal - (token.logit - m_largest) / m_temperature;
    };
    double entropy = 0.0;
    for (const Survivor& token : m_tokens) {
        if (token.weight > 0.0) {
            entropy += token.weight / total * surprise(token);
        }
    }
    m_distances.clear();
    for (const Survivor& token : m_tokens) {
        m_distances.push_back(std::abs(surprise(token) - entropy));
    }
    const auto typical =
        std::partition_point(m_tokens.begin(), m_tokens.end(),
                             [&](const Survivor& token) { return surprise(token) < entropy; });
    keepNearest(static_cast<std::size_t>(typical - m_tokens.begin()), typicalP * total);
    m_weighed = false;
}

// In the order of tokens the surprise rises, so distances fall up to `nearest` and rise from there:
// the shortest beginning of the order by distance grows from there to both sides.
void Survivors::keepNearest(std::size_t nearest, double goal) {
    const std::size_t count = m_tokens.size();
    double sum = 0.0;
    std::size_t first = nearest;  // kept are [first, gap), [gapEnd, end)
    std::size_t gap = nearest;
    std::size_t gapEnd = nearest;
    std::size_t end = nearest;
    while (sum < goal && (first > 0 || end < count)) {
        if (first == 0 || (end < count && m_distances[end] < m_distances[first - 1])) {
            sum += m_tokens[end++].weight;
            continue;
        }
        // Equal distances are taken in the order of tokens, so a run of them from its beginning.
        gapEnd = first;
        while (first > 0 && m_distances[first - 1] == m_distances[gapEnd - 1]) {
            --first;
        }
        for (gap = first; gap < gapEnd && sum < goal; ++gap) {
            sum += m_tokens[gap].weight;
        }
    }
    const auto at = [this](std::size_t index) {
        return m_tokens.begin() + static_cast<std::ptrdiff_t>(index);
    };
    m_tokens.erase(at(end), m_tokens.end());
    m_tokens.erase(at(gap), at(gapEnd));
    m_tokens.erase(m_tokens.begin(), at(first));
}

void Survivors::excludeTopChoices(double threshold) {
    // So that the sum has one value, whatever the survivors came from.
    sort();
    weigh();
    const double least = threshold * sumOfWeights();
    std::size_t count = 0;
    const Survivor* last = nullptr;
    for (const Survivor& token : m_tokens) {
        if (token.weight >= least) {
            ++count;
            last = last == nullptr || isAhead(*last, token) ? &token : last;
        }
    }
    if (count < 2) {
        return;
    }
    const TokenId kept = last->id;
    std::erase_if(m_tokens,
                  [&](const Survivor& token) { return token.weight >= least && token.id != kept; });
    m_weighed = false;
}

std::span<const Survivor> Survivors::ordered() {
    weigh();
    sort();
    return m_tokens;
}

double Survivors::weightOf(double logit) const {
    return std::exp((logit - m_largest) / m_temperature);
}

double Survivors::totalWeight() {
    weigh();
    return sumOfWeights();
}

void Survivors::weigh() {
    if (m_weighed) {
        return;
    }
    CHECK(!m_tokens.empty());
    m_largest = m_tokens.front().logit;
    for (const Survivor& token : m_tokens) {
        m_largest = std::max(m_largest, token.logit);
    }
    for (Survivor& token : m_tokens) {
        token.weight = weightOf(token.logit);
    }
    m_weighed = true;
}

double Survivors::sumOfWeights() const {
    double total = 0.0;
    for (const Survivor& token : m_tokens) {
        total += token.weight;
    }
    return total;
}

void Survivors::sort() {
    if (m_sorted) {
        return;
    }
    if (m_byId && m_tokens.size() >= kRadixFrom) {
        radixSort();
    } else {
        std::sort(m_tokens.begin(), m_tokens.end(), isAhead);
    }
    m_sorted = true;
    m_byId = false;
}

// Stable passes from the lowest digit on, so that equal logits stay in the order of ids. Logits
// that no penalty made longer than float32 have equal low digits, whose passes fall away.
void Survivors::radixSort() {
    m_scratch.resize(m_tokens.size());
    for (int shift = 0; shift < 64; shift += kDigitBits) {
        const auto digit = [shift](const Survivor& token) {
            return (fallingKey(token.logit) >> shift) & (kDigits - 1);
        };
        std::array<std::uint32_t, kDigits> places{};
        for (const Survivor& token : m_tokens) {
            ++places[digit(token)];
        }
        if (places[digit(m_tokens.front())] == m_tokens.size()) {
            continue;
        }
        std::uint32_t place = 0;
        for (std::uint32_t& entry : places) {
            place += std::exchange(entry, place);
        }
        for (const Survivor& token : m_tokens) {
            m_scratch[places[digit(token)]++] = token;
        }
        m_tokens.swap(m_scratch);
    }
}

}  // namespace apertura::sampling
