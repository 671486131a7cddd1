#include "inference/model/session.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "inference/model/answer.h"
#include "inference/model/decoder.h"
#include "inference/model/guarded.h"

namespace apertura {

namespace {

// Logits of this many bytes are computed at once while scoring, one position at least.
constexpr std::int64_t kScoredBytes = std::int64_t{8} << 20;

}  // namespace

LocalSession::LocalSession(std::shared_ptr<const LoadedModel> model, KvCache cache)
    : m_model(std::move(model)),
      m_cache(std::move(cache)),
      m_logits(static_cast<std::size_t>(m_model->config.outputVocabSize)) {}

Result<std::unique_ptr<Session>> LocalSession::create(std::shared_ptr<const LoadedModel> model,
                                                      std::int64_t contextSize, KvType kv) {
    return guarded<Result<std::unique_ptr<Session>>>(
        "open a session", [&]() -> Result<std::unique_ptr<Session>> {
            auto sequence = model->backend->newSequence({contextSize, kv});
            if (!sequence) {
                return sequence.error();
            }
            return std::unique_ptr<Session>(
                new LocalSession(std::move(model), KvCache(std::move(*sequence), contextSize)));
        });
}

Result<Generation> LocalSession::generate(const Request& request,
                                          const std::function<void(const Event&)>& onEvent,
                                          std::stop_token stop) {
    return guarded<Result<Generation>>("go on", [&] {
        return Answer(*m_model, m_cache, m_logits, request, onEvent, std::move(stop)).run();
    });
}

Result<void> LocalSession::score(
    std::span<const TokenId> ids,
    const std::function<void(std::int64_t position, std::span<const float> logits)>& onLogits,
    std::stop_token stop) {
    if (auto checked = checkScored(ids); !checked) {
        return checked;
    }
    return guarded<Result<void>>("go on", [&] { return scoreChecked(ids, onLogits, stop); });
}

Result<void> LocalSession::checkScored(std::span<const TokenId> ids) const {
    if (ids.empty()) {
        return Error{ErrorCode::invalidRequest, "There are no ids to score."};
    }
    if (static_cast<std::int64_t>(ids.size()) > m_cache.contextSize()) {
        return Error{ErrorCode::contextTooSmall, "There are " + std::to_string(ids.size()) +
                                                     " ids to score, but the context holds " +
                                                     std::to_string(m_cache.contextSize()) + "."};
    }
    return checkIds(ids, m_model->config.vocabSize);
}

Result<void> LocalSession::scoreChecked(
    std::span<const TokenId> ids,
    const std::function<void(std::int64_t position, std::span<const float> logits)>& onLogits,
    const std::stop_token& stop) {
    const auto vocabulary = static_cast<std::int64_t>(m_logits.size());
    const std::int64_t perPass = std::clamp<std::int64_t>(
        kScoredBytes / (vocabulary * static_cast<std::int64_t>(sizeof(float))), 1,
        m_model->backend->maxTokensPerPass());
    std::vector<float> logits(static_cast<std::size_t>(perPass * vocabulary));
    Decoder decoder(*m_model->backend, m_model->config.numHiddenLayers);
    // Nothing is reused: the logits of every position are wanted, and the cache has none.
    m_cache.keepCommonPrefix(ids, 0);
    while (m_cache.size() < static_cast<std::int64_t>(ids.size())) {
        const std::int64_t first = m_cache.size();
        const auto part = ids.subspan(static_cast<std::size_t>(first))
                              .first(static_cast<std::size_t>(std::min<std::int64_t>(
                                  perPass, static_cast<std::int64_t>(ids.size()) - first)));
        const auto tokens = static_cast<std::int64_t>(part.size());
        if (auto reserved = m_cache.reserve(tokens); !reserved) {
            return reserved;
        }
        const kernels::Matrix<float> rows(logits.data(), tokens, vocabulary);
        if (stop.stop_requested() ||
            !decoder.forward(m_cache.sequence(), first, part, rows, stop)) {
            return Error{ErrorCode::cancelled, "Scoring was stopped."};
        }
        m_cache.append(part);
        for (std::int64_t t = 0; t < tokens; ++t) {
            const std::span<const float> row = rows.row(t);
            if (!std::all_of(row.begin(), row.end(), [](float x) { return std::isfinite(x); })) {
                return Error{ErrorCode::invalidRequest,
                             "The logits of position " + std::to_string(first + t) +
                                 " are not all finite numbers, so the checkpoint is damaged."};
            }
            onLogits(first + t, row);
        }
    }
    return {};
}

}  // namespace apertura
