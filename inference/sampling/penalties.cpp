#include "inference/sampling/penalties.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace apertura::sampling {

namespace {

// textgen stops counting here; so a match costs at most this many comparisons.
constexpr std::size_t kLongestDryMatch = 50;

bool isInside(TokenId id, std::span<const double> logits) {
    return id >= 0 && static_cast<std::size_t>(id) < logits.size();
}

}  // namespace

Window windowOf(std::span<const TokenId> history, std::size_t promptLength,
                std::int64_t penaltyWindow) {
    const std::size_t length =
        penaltyWindow < 0 ? history.size()
                          : std::min(history.size(), static_cast<std::size_t>(penaltyWindow));
    return {history.last(length), std::min(length, history.size() - promptLength)};
}

Penalties::Penalties(const SamplingOptions& options, TokenSet breakers)
    : m_options(options), m_breakers(std::move(breakers)) {
    m_breakers.insert(options.dryBreakerIds.begin(), options.dryBreakerIds.end());
}

void Penalties::apply(const Window& window, std::span<double> logits) {
    for (const TokenId id : m_options.banned) {
        logits[static_cast<std::size_t>(id)] = -std::numeric_limits<double>::infinity();
    }
    for (const auto& [id, bias] : m_options.logitBias) {
        logits[static_cast<std::size_t>(id)] += bias;
    }
    if (m_options.repetitionPenalty != 1.0) {
        applyRepetition(window.ids, logits);
    }
    if (m_options.frequencyPenalty != 0.0 || m_options.presencePenalty != 0.0) {
        applyFrequencyAndPresence(window.ids.last(window.answerLength), logits);
    }
    if (m_options.dryMultiplier != 0.0) {
        applyDry(window.ids, logits);
    }
}

void Penalties::applyRepetition(std::span<const TokenId> ids, std::span<double> logits) {
    m_counts.resize(logits.size());
    m_touched.clear();
    // A penalty near 0 may overflow; infinity would make every later difference NaN.
    constexpr double kLargest = std::numeric_limits<double>::max();
    for (const TokenId id : ids) {
        if (!isInside(id, logits) ||
            std::exchange(m_counts[static_cast<std::size_t>(id)], 1) != 0) {
            continue;
        }
        m_touched.push_back(id);
        double& logit = logits[static_cast<std::size_t>(id)];
        logit = logit > 0.0 ? std::min(logit / m_options.repetitionPenalty, kLargest)
                            : logit * m_options.repetitionPenalty;
    }
    for (const TokenId id : m_touched) {
        m_counts[static_cast<std::size_t>(id)] = 0;
    }
}

void Penalties::applyFrequencyAndPresence(std::span<const TokenId> ids, std::span<double> logits) {
    m_counts.resize(logits.size());
    m_touched.clear();
    for (const TokenId id : ids) {
        if (isInside(id, logits) && m_counts[static_cast<std::size_t>(id)]++ == 0) {
            m_touched.push_back(id);
        }
    }
    for (const TokenId id : m_touched) {
        const auto index = static_cast<std::size_t>(id);
        logits[index] -= m_options.frequencyPenalty * m_counts[index] + m_options.presencePenalty;
        m_counts[index] = 0;
    }
}

// For every earlier position the length of the run that ends there and equals the window's end; the
// id that followed it is pressed down by the longest of its runs.
void Penalties::applyDry(std::span<const TokenId> ids, std::span<double> logits) {
    if (ids.size() < 2 || m_breakers.contains(ids.back())) {
        return;
    }
    m_counts.resize(logits.size());
    m_touched.clear();
    const std::size_t last = ids.size() - 1;
    // How far back the window's end reaches without a breaker.
    std::size_t reach = 0;
    while (reach < std::min(ids.size(), kLongestDryMatch) &&
           !m_breakers.contains(ids[last - reach])) {
        ++reach;
    }
    for (std::size_t j = 0; j < last; ++j) {
        const TokenId next = ids[j + 1];
        if (ids[j] != ids[last] || !isInside(next, logits)) {
            continue;
        }
        std::size_t match = 1;
        while (match < reach && match <= j && ids[j - match] == ids[last - match]) {
            ++match;
        }
        auto& longest = m_counts[static_cast<std::size_t>(next)];
        if (longest == 0) {
            m_touched.push_back(next);
        }
        longest = std::max(longest, static_cast<std::int32_t>(match));
    }
    for (const TokenId id : m_touched) {
        const auto index = static_cast<std::size_t>(id);
        const std::int64_t excess = std::exchange(m_counts[index], 0) - m_options.dryAllowedLength;
        if (excess >= 0 && !m_breakers.contains(id)) {
            logits[index] -=
                m_options.dryMultiplier * std::pow(m_options.dryBase, static_cast<double>(excess));
        }
    }
}

}  // namespace apertura::sampling
