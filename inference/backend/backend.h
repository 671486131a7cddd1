// What the decoder graph needs from whatever computes: the ops of the model, the memory they work
// in, and the weights prepared once. One backend holds one loaded model; sessions share it.
//
// The graph never sees a number: activations are named, and each backend keeps them in the form
// that suits it (float32, int8 planes, device memory). A layer is four stages. Their default bodies
// (backend.cpp) put the ops together and are the one place where the inside of a layer is written
// down; a backend with fused kernels overrides a stage and is compared with the default.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>

#include "inference/device_memory.h"
#include "inference/options.h"
#include "inference/sampling/best_logits.h"
#include "inference/status.h"
#include "inference/weights/checkpoint.h"
#include "kernels/matrix.h"

namespace apertura {

// A device failed while working. Thrown by ops, caught by the session.
class DeviceError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// One session's memory where the backend computes: the KV cache and the activations of a pass.
// Threads: one at a time.
class Sequence {
public:
    virtual ~Sequence() = default;

    // Makes the KV cache hold positions [0, count), growing in blocks. What is cached stays.
    // Requires: count <= SequenceOptions::contextSize. Errors: outOfMemory.
    virtual Result<void> reserve(std::int64_t count) = 0;

    virtual std::int64_t kvBytes() const = 0;  // reserved so far
    virtual std::int64_t scratchBytes() const = 0;
    // How passes of one token run: "graph", "eager: why"; empty where there is but one way, or none
    // has run.
    virtual std::string decodePath() const { return {}; }
};

struct SequenceOptions {
    std::int64_t contextSize = 0;  // positions at most
    KvType kv = KvType::bf16;
};

// Some tokens of a sequence on their way through the layers: T = `tokens` rows of every activation,
// at positions firstPosition .. firstPosition + T - 1, which are reserved. T <=
// Backend::maxTokensPerPass().
struct Pass {
    Sequence& sequence;
    std::int64_t firstPosition = 0;
    std::int64_t tokens = 0;
};

enum class Activation {
    hidden,       // [T, H], the residual stream
    normed,       // [T, H]
    query,        // [T, Q D]
    key,          // [T, K D]
    value,        // [T, K D]
    attended,     // [T, Q D]
    feedforward,  // [T, F]
    projected,    // [T, H], what joins the residual stream next
};

enum class NormWeight { attention, query, key, feedforward };
enum class LinearWeight { query, key, value, output, up, down };

// Order of calls: prepare() once, then newSequence() and passes. A pass is embed(), the stages of
// each layer in turn, and logits() or bestLogits() where they are wanted; any op may be
// asynchronous, these two wait for all. Threads: const members from any thread; sequences may be
// used from different threads at once. Errors: ops throw DeviceError or std::bad_alloc; nothing is
// allocated in a pass of one token after the first.
class Backend {
public:
    virtual ~Backend() = default;

    virtual std::string name() const = 0;    // "reference", "cpu", "cuda"
    virtual std::string device() const = 0;  // for a person
    virtual DeviceMemory memory() const = 0;
    // How many tokens are read at once; the activations are made for so many.
    virtual std::int64_t maxTokensPerPass() const = 0;
    virtual std::int64_t kvBytesPerToken(const ModelConfig& config, KvType kv) const = 0;
    // What these weights and a session will take. The default body leaves scratch memory out.
    virtual MemoryNeed memoryNeed(const ModelWeights& weights,
                                  const SequenceOptions& options) const;

    // Takes the weights and makes of them what the ops read. The backend keeps them alive as far as
    // it needs. Errors: outOfMemory, unsupported.
    virtual Result<void> prepare(std::shared_ptr<const ModelWeights> weights) = 0;
    // Errors: outOfMemory; may also throw std::bad_alloc.
    virtual Result<std::unique_ptr<Sequence>> newSequence(const SequenceOptions& options) = 0;

    // ---- ops
    // -------------------------------------------------------------------------------------------

    // hidden = rows `ids` of the embedding. Requires: T ids, each inside the embedding.
    virtual void embed(const Pass& pass, std::span<const TokenId> ids) = 0;
    // y = RMSNorm(x); per head for `query` and `key`. y may be x.
    virtual void rmsNorm(const Pass& pass, std::int64_t layer, NormWeight weight, Activation x,
                         Activation y) = 0;
    // y = W x
    virtual void linear(const Pass& pass, std::int64_t layer, LinearWeight weight, Activation x,
                        Activation y) = 0;
    // Turns the heads of `x` by their positions, in place.
    virtual void rope(const Pass& pass, Activation x) = 0;
    // Caches key and value at the pass's positions, then attended = attention of query over the
    // whole cache so far.
    virtual void attention(const Pass& pass, std::int64_t layer) = 0;
    // feedforward = xIELU(feedforward), in place.
    virtual void activation(const Pass& pass, std::int64_t layer) = 0;
    // hidden += projected
    virtual void add(const Pass& pass) = 0;
    // Logits of the last `logits.rows` tokens of the pass, in host memory: head(finalNorm(hidden)).
    // Shapes: logits [rows, V], 1 <= rows <= T.
    virtual void logits(const Pass& pass, kernels::Matrix<float> logits) = 0;
    // The best logits of the pass's last token, as findBestLogits() of the row has them. A backend
    // that computes elsewhere leaves the row there; one that computes in host memory puts it in
    // `row` [V], as the default body does.
    virtual void bestLogits(const Pass& pass, const BestLogitsRequest& request,
                            std::span<float> row, BestLogits& best);
    // The whole row that the sequence's last bestLogits() was of, into the same `row`.
    virtual void fetchLogits(Sequence& sequence, std::span<float> row);

    // Runs all layers of a pass at once, where the backend has another way to do that than one
    // stage after the other; false where it has not. Requires: embed().
    virtual bool replayLayers(const Pass& pass);

    // ---- stages of a layer
    // -----------------------------------------------------------------------------

    // query, key, value of the normed residual stream: heads normed, turned by their positions.
    virtual void projectQueryKeyValue(const Pass& pass, std::int64_t layer);
    // Caches key and value, fills `attended`.
    virtual void attend(const Pass& pass, std::int64_t layer);
    // hidden += output(attended)
    virtual void addAttended(const Pass& pass, std::int64_t layer);
    // hidden += down(xIELU(up(RMSNorm(hidden))))
    virtual void addFeedforward(const Pass& pass, std::int64_t layer);
    // All four.
    void runLayer(const Pass& pass, std::int64_t layer);
};

}  // namespace apertura
