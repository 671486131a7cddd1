#include "inference/backend/cuda/cuda_backend.h"

#include <algorithm>
#include <array>
#include <cuda_runtime_api.h>
#include <new>

#include "inference/backend/cuda/cuda_sequence.h"
#include "inference/backend/cuda/fused_attention.h"
#include "inference/backend/cuda/fused_feedforward.h"
#include "inference/backend/cuda/linear.h"
#include "inference/backend/cuda/memory_plan.h"
#include "inference/backend/layer_parts.h"
#include "kernels/cuda/add.h"
#include "kernels/cuda/attention_decode.h"
#include "kernels/cuda/attention_prefill.h"
#include "kernels/cuda/quantized_matmul.h"
#include "kernels/cuda/rms_norm.h"
#include "kernels/cuda/rope.h"
#include "kernels/cuda/xielu.h"
#include "kernels/reference/embed.h"

namespace apertura::cuda {

namespace {

namespace ops = kernels::cuda;
using kernels::Matrix;

// How many tokens a pass may have, the most that fits first: the activations of 2,048 tokens of an
// 8B model are half a gigabyte, those of 128 next to nothing.
constexpr std::array<std::int64_t, 5> kTokensPerPass = {2048, 1024, 512, 256, 128};
constexpr std::int64_t kLargestHeadDim = 256;
constexpr std::int64_t kHeadDimStep = 8;

Matrix<float> rows(const Pass& pass, Activation which) {
    return static_cast<CudaSequence&>(pass.sequence).activation(which, pass.tokens);
}

// The first rows of the logits on the device to the host.
void copyLogits(CudaSequence& sequence, Matrix<float> logits) {
    ops::check(
        cudaMemcpyAsync(logits.data, sequence.buffers().logits.data,
                        static_cast<std::size_t>(logits.rows * logits.columns) * sizeof(float),
                        cudaMemcpyDeviceToHost, sequence.stream().handle()),
        "cudaMemcpyAsync");
}

// Runs the work of an op on the sequence's device and says what fails as backend.h has it.
template <typename Work>
void onDevice(Sequence& sequence, const Work& work) {
    auto& own = static_cast<CudaSequence&>(sequence);
    try {
        ops::check(cudaSetDevice(own.device()), "cudaSetDevice");
        work(own);
    } catch (const ops::CudaError& error) {
        if (error.isOutOfMemory()) {
            throw std::bad_alloc();
        }
        throw DeviceError(std::string("The GPU failed: ") + error.what() + ".");
    }
}

Error errorOf(const ops::CudaError& error, const std::string& doing) {
    return {error.isOutOfMemory() ? ErrorCode::outOfMemory : ErrorCode::deviceLost,
            "The GPU failed while " + doing + ": " + error.what() + "."};
}

SequenceOptions plannedSequence(const SessionOptions& planned, const ModelConfig& config) {
    const std::int64_t context = planned.contextSize > 0 ? planned.contextSize : kDefaultContext;
    return {std::min(context, config.maxPositionEmbeddings), planned.kv};
}

}  // namespace

CudaBackend::CudaBackend(Device device, const SessionOptions& planned,
                         std::shared_ptr<SharedTensors> shared)
    : m_device(std::move(device)),
      m_readout(m_device.index, m_device.pciBusId),
      m_ownBytes(std::make_shared<std::atomic<std::int64_t>>(0)),
      m_planned(planned),
      m_shared(std::move(shared)),
      m_tokensPerPass(kTokensPerPass.front()) {}

CudaBackend::~CudaBackend() {
    // The weights free themselves on the current device.
    cudaSetDevice(m_device.index);
}

DeviceMemory CudaBackend::memory() const {
    DeviceMemory memory = m_readout.read();
    memory.ownBytes = *m_ownBytes;
    return memory;
}

std::int64_t CudaBackend::kvBytesPerToken(const ModelConfig& config, KvType kv) const {
    const std::int64_t vectors = config.numHiddenLayers * 2 * config.numKeyValueHeads;
    return kv == KvType::int8 ? vectors * (config.headDim + 2) : vectors * config.headDim * 2;
}

MemoryNeed CudaBackend::memoryNeed(const ModelWeights& weights,
                                   const SequenceOptions& options) const {
    cudaSetDevice(m_device.index);  // where this fails, so do all ops
    const MemoryPlan plan = planMemory({weights, options, m_tokensPerPass});
    return {options.contextSize, plan.weights, plan.adapters, plan.kvCache, plan.scratch};
}

Result<void> CudaBackend::prepare(std::shared_ptr<const ModelWeights> weights) {
    const ModelConfig& config = weights->config;
    if (config.headDim % kHeadDimStep != 0 || config.headDim > kLargestHeadDim) {
        return Error{ErrorCode::unsupported,
                     "config.json: head_dim is " + std::to_string(config.headDim) +
                         ", but the GPU takes multiples of 8 up to 256; the CPU takes any."};
    }
    try {
        ops::check(cudaSetDevice(m_device.index), "cudaSetDevice");
        const std::int64_t free = plannableBytes(m_device.index);
        const SequenceOptions session = plannedSequence(m_planned, config);
        TensorKeys keys;
        const auto present =
            static_cast<std::int64_t>(presentWeightBytes(*weights, *m_shared, keys));
        Result<void> fits;
        for (const std::int64_t tokens : kTokensPerPass) {
            m_tokensPerPass = tokens;
            fits = checkFits({*weights, session, tokens, Planned::modelAndSession, present}, free);
            if (fits) {
                break;
            }
        }
        if (!fits) {
            return fits;
        }
        ops::Stream stream;
        m_deviceWeights.emplace(*weights, *m_shared, keys, stream);
        *m_ownBytes += static_cast<std::int64_t>(m_deviceWeights->bytes());
        m_weights = std::move(weights);
        return {};
    } catch (const ops::CudaError& error) {
        return errorOf(error, "loading the weights");
    }
}

Result<std::unique_ptr<Sequence>> CudaBackend::newSequence(const SequenceOptions& options) {
    CHECK(m_weights != nullptr);
    try {
        ops::check(cudaSetDevice(m_device.index), "cudaSetDevice");
        if (auto fits = checkFits({*m_weights, options, m_tokensPerPass, Planned::session},
                                  plannableBytes(m_device.index));
            !fits) {
            return fits.error();
        }
        auto sequence = std::make_unique<CudaSequence>(
            m_device.index, sequenceShape(*m_weights, options, m_tokensPerPass));
        sequence->countIn(m_ownBytes);
        return std::unique_ptr<Sequence>(std::move(sequence));
    } catch (const ops::CudaError& error) {
        return errorOf(error, "opening a session");
    }
}

void CudaBackend::embed(const Pass& pass, std::span<const TokenId> ids) {
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        kernels::reference::embed(m_weights->embedding, ids, sequence.embedded(pass.tokens));
        sequence.sendEmbedded(pass.tokens);
    });
}

void CudaBackend::rmsNorm(const Pass& pass, std::int64_t layer, NormWeight weight, Activation x,
                          Activation y) {
    const bool isOfHeads = weight == NormWeight::query || weight == NormWeight::key;
    const std::int64_t width = isOfHeads ? m_weights->config.headDim : m_weights->config.hiddenSize;
    // A row of heads is as many rows of one head.
    const auto split = [width](const Matrix<float>& all) {
        return Matrix<float>(all.data, all.rows * (all.columns / width), width);
    };
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        ops::rmsNorm(normOf(m_deviceWeights->layer(layer), weight), split(rows(pass, x)),
                     split(rows(pass, y)), static_cast<float>(m_weights->config.rmsNormEps),
                     sequence.stream());
    });
}

void CudaBackend::linear(const Pass& pass, std::int64_t layer, LinearWeight weight, Activation x,
                         Activation y) {
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        const kernels::Linear& matrix = linearOf(m_deviceWeights->layer(layer), weight);
        if (pass.tokens <= ops::kMaxDecodeRows) {
            runLinear(matrix, rows(pass, x), rows(pass, y), sequence.buffers(), sequence.stream());
        } else {
            sequence.prefill().run(matrix, rows(pass, x), rows(pass, y), sequence.stream());
        }
    });
}

void CudaBackend::rope(const Pass& pass, Activation x) {
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        const SequenceBuffers& buffers = sequence.buffers();
        ops::rope(buffers.cosines, buffers.sines, sequence.position(pass), rows(pass, x),
                  sequence.stream());
    });
}

void CudaBackend::attention(const Pass& pass, std::int64_t layer) {
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        const SequenceBuffers& buffers = sequence.buffers();
        const ops::KvCacheView& cache = buffers.layers[static_cast<std::size_t>(layer)];
        const ops::Position position = sequence.position(pass);
        ops::appendKv(cache, rows(pass, Activation::key), rows(pass, Activation::value), position,
                      sequence.stream());
        const Matrix<float> query = rows(pass, Activation::query);
        const Matrix<float> attended = rows(pass, Activation::attended);
        if (pass.tokens <= ops::kMaxAttendedTokens) {
            ops::attendDecode(cache, query, position, attended, buffers.attentionScratch,
                              sequence.stream());
        } else {
            ops::attendPrefill(cache, query, position, attended, sequence.stream());
        }
    });
}

void CudaBackend::activation(const Pass& pass, std::int64_t layer) {
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        ops::xielu(m_deviceWeights->layer(layer).xielu, rows(pass, Activation::feedforward),
                   sequence.stream());
    });
}

void CudaBackend::add(const Pass& pass) {
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        ops::add(rows(pass, Activation::projected), rows(pass, Activation::hidden),
                 sequence.stream());
    });
}

bool CudaBackend::replayLayers(const Pass& pass) {
    if (pass.tokens != 1) {
        return false;
    }
    bool isDone = false;
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        // Of one pointer, so that the function object allocates nothing.
        isDone = sequence.replay().run(pass, sequence, [this](const Pass& one) {
            for (std::int64_t layer = 0; layer < m_weights->config.numHiddenLayers; ++layer) {
                runLayer(one, layer);
            }
        });
    });
    return isDone;
}

void CudaBackend::computeLogits(const Pass& pass, std::int64_t first, std::int64_t count,
                                CudaSequence& sequence) {
    const auto hidden = rows(pass, Activation::hidden).rowRange(first, count);
    const auto normed = rows(pass, Activation::normed).rowRange(first, count);
    ops::rmsNorm(m_deviceWeights->finalNorm(), hidden, normed,
                 static_cast<float>(m_weights->config.rmsNormEps), sequence.stream());
    runLinear(m_deviceWeights->head(), normed, sequence.buffers().logits.rowRange(0, count),
              sequence.buffers(), sequence.stream());
}

void CudaBackend::logits(const Pass& pass, Matrix<float> logits) {
    CHECK(logits.stride == logits.columns);
    const std::int64_t skipped = pass.tokens - logits.rows;
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        for (std::int64_t first = 0; first < logits.rows; first += kLogitRows) {
            const std::int64_t count = std::min(kLogitRows, logits.rows - first);
            computeLogits(pass, skipped + first, count, sequence);
            copyLogits(sequence, logits.rowRange(first, count));
        }
        sequence.wait();
    });
}

void CudaBackend::bestLogits(const Pass& pass, const BestLogitsRequest& request,
                             std::span<float> /*row*/, BestLogits& best) {
    static_assert(ops::kMaxTopK == kMostBestLogits && ops::kTopKSumError == kBestLogitsSumError);
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        computeLogits(pass, pass.tokens - 1, 1, sequence);
        const SequenceBuffers& buffers = sequence.buffers();
        ops::topK(buffers.logits.data, buffers.logits.columns, {request.count, request.temperature},
                  buffers.bestScratch, buffers.best, sequence.stream());
        const ops::TopK& found = sequence.fetchBest(request.count);
        best.tokens.resize(static_cast<std::size_t>(request.count));
        std::transform(found.best, found.best + request.count, best.tokens.begin(),
                       [](const ops::TokenLogit& token) {
                           return TokenLogit{token.id, token.logit};
                       });
        best.logSumExp = found.logSumExp;
        best.weightSum = found.weightSum;
    });
}

void CudaBackend::fetchLogits(Sequence& sequence, std::span<float> row) {
    onDevice(sequence, [&](CudaSequence& own) {
        copyLogits(own, {row.data(), 1, static_cast<std::int64_t>(row.size())});
        own.wait();
    });
}

void CudaBackend::projectQueryKeyValue(const Pass& pass, std::int64_t layer) {
    const DeviceLayer& weights = m_deviceWeights->layer(layer);
    if (!canFuseProjection(weights, m_weights->config, pass.tokens)) {
        Backend::projectQueryKeyValue(pass, layer);
        return;
    }
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        projectFused({weights, m_weights->config, layer, pass, sequence});
    });
}

void CudaBackend::attend(const Pass& pass, std::int64_t layer) {
    if (!canFuseAttention(pass.tokens)) {
        Backend::attend(pass, layer);
        return;
    }
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        attendFused({m_deviceWeights->layer(layer), m_weights->config, layer, pass, sequence});
    });
}

void CudaBackend::addAttended(const Pass& pass, std::int64_t layer) {
    const DeviceLayer& weights = m_deviceWeights->layer(layer);
    if (!canFuseOutput(weights, pass.tokens)) {
        Backend::addAttended(pass, layer);
        return;
    }
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        addAttendedFused({weights, m_weights->config, layer, pass, sequence});
    });
}

void CudaBackend::addFeedforward(const Pass& pass, std::int64_t layer) {
    const DeviceLayer& weights = m_deviceWeights->layer(layer);
    if (!canFuseFeedforward(weights, pass.tokens)) {
        Backend::addFeedforward(pass, layer);
        return;
    }
    onDevice(pass.sequence, [&](CudaSequence& sequence) {
        addFusedFeedforward(weights, static_cast<float>(m_weights->config.rmsNormEps),
                            rows(pass, Activation::hidden), rows(pass, Activation::feedforward),
                            sequence.buffers(), sequence.stream());
    });
}

}  // namespace apertura::cuda
