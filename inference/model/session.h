// The local engine's session: a KV cache over a loaded model.
#pragma once

#include <memory>
#include <vector>

#include "inference/engine.h"
#include "inference/model/kv_cache.h"
#include "inference/model/loaded_model.h"

namespace apertura {

class LocalSession : public Session {
public:
    // Errors: outOfMemory. Requires: 1 <= contextSize.
    static Result<std::unique_ptr<Session>> create(std::shared_ptr<const LoadedModel> model,
                                                   std::int64_t contextSize, KvType kv);

    Result<Generation> generate(const Request& request,
                                const std::function<void(const Event&)>& onEvent,
                                std::stop_token stop) override;
    Result<void> score(
        std::span<const TokenId> ids,
        const std::function<void(std::int64_t position, std::span<const float> logits)>& onLogits,
        std::stop_token stop) override;
    std::int64_t contextSize() const override { return m_cache.contextSize(); }

private:
    LocalSession(std::shared_ptr<const LoadedModel> model, KvCache cache);
    Result<void> checkScored(std::span<const TokenId> ids) const;
    Result<void> scoreChecked(
        std::span<const TokenId> ids,
        const std::function<void(std::int64_t position, std::span<const float> logits)>& onLogits,
        const std::stop_token& stop);

    std::shared_ptr<const LoadedModel> m_model;
    KvCache m_cache;
    std::vector<float> m_logits;  // [V]
};

}  // namespace apertura
