// The model on one NVIDIA GPU: weights there, activations in float32, quantized
// products with 16-bit activations, keys and values in BF16 or INT8.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "inference/backend/backend.h"
#include "inference/backend/cuda/device_choice.h"
#include "inference/backend/cuda/device_weights.h"
#include "inference/backend/cuda/memory_readout.h"
#include "inference/backend/cuda/shared_tensors.h"

namespace apertura::cuda {

class CudaSequence;

// Rounding: the same bits from run to run.
class CudaBackend : public Backend {
public:
    // `planned` is the session that the memory plan of prepare() counts beside the model; a context
    // of 0 stands for the one that sessions get by default. `shared` are the tensors of all models
    // on the device.
    CudaBackend(Device device, const SessionOptions& planned,
                std::shared_ptr<SharedTensors> shared = std::make_shared<SharedTensors>());
    ~CudaBackend() override;

    std::string name() const override { return "cuda"; }
    std::string device() const override { return m_device.description(); }
    DeviceMemory memory() const override;
    std::int64_t maxTokensPerPass() const override { return m_tokensPerPass; }
    std::int64_t kvBytesPerToken(const ModelConfig& config, KvType kv) const override;
    MemoryNeed memoryNeed(const ModelWeights& weights,
                          const SequenceOptions& options) const override;

    // Also unsupported: a head dimension that the attention kernels do not take.
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
    void projectQueryKeyValue(const Pass& pass, std::int64_t layer) override;
    void attend(const Pass& pass, std::int64_t layer) override;
    void addAttended(const Pass& pass, std::int64_t layer) override;
    void addFeedforward(const Pass& pass, std::int64_t layer) override;
    void bestLogits(const Pass& pass, const BestLogitsRequest& request, std::span<float> row,
                    BestLogits& best) override;
    void fetchLogits(Sequence& sequence, std::span<float> row) override;
    bool replayLayers(const Pass& pass) override;

private:
    // buffers().logits = head(finalNorm(rows [first, first + count) of hidden)).
    void computeLogits(const Pass& pass, std::int64_t first, std::int64_t count,
                       CudaSequence& sequence);

    Device m_device;
    MemoryReadout m_readout;
    std::shared_ptr<std::atomic<std::int64_t>> m_ownBytes;  // weights and living sequences
    SessionOptions m_planned;
    std::shared_ptr<SharedTensors> m_shared;
    std::int64_t m_tokensPerPass;
    std::shared_ptr<const ModelWeights> m_weights;  // the embedding table stays there
    std::optional<DeviceWeights> m_deviceWeights;
};

}  // namespace apertura::cuda
