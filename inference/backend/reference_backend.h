// The oracle: every op in float32 by kernels/reference, weights read where the loader put them,
// keys and values kept in float32.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "inference/backend/backend.h"
#include "kernels/thread_pool.h"

namespace apertura {

class ReferenceSequence;

// Rounding: results are the same bits at any number of threads and however a text is cut into
// passes.
class ReferenceBackend : public Backend {
public:
    // `threads` >= 1.
    explicit ReferenceBackend(int threads);
    ~ReferenceBackend() override;

    std::string name() const override { return "reference"; }
    std::string device() const override;
    DeviceMemory memory() const override;
    std::int64_t maxTokensPerPass() const override;
    std::int64_t kvBytesPerToken(const ModelConfig& config, KvType kv) const override;

    Result<void> prepare(std::shared_ptr<const ModelWeights> weights) override;
    Result<std::unique_ptr<Sequence>> newSequence(const SequenceOptions& options) override;

    void embed(const Pass& pass, std::span<const TokenId> ids) override;
    void rmsNorm(const Pass& pass, std::int64_t layer, NormWeight weight, Activation x,
                 Activation y) override;
    void linear(const Pass& pass, std::int64_t layer, LinearWeight weight, Activation x,
                Activation y) override;
    void rope(const Pass& pass, Activation x) override;
    void attention(const Pass& pass, std::int64_t layer) override;
    void activation(const Pass& pass, std::int64_t layer) override;
    void add(const Pass& pass) override;
    void logits(const Pass& pass, kernels::Matrix<float> logits) override;

private:
    const LayerWeights& layerWeights(std::int64_t layer) const;

    kernels::ThreadPool m_pool;
    std::shared_ptr<const ModelWeights> m_weights;
};

}  // namespace apertura
