// A decoding step on the GPU: replayed as a graph, it computes what it computes stage by stage; the
// best logits come back alone; and a token costs one wait and no memory.
#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <dlfcn.h>
#include <new>

#include "inference/backend/cuda/cuda_backend.h"
#include "inference/backend/cuda/cuda_sequence.h"
#include "inference/model/decoder.h"
#include "kernels/cuda/rope.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/support/tiny_model.h"

namespace {

// What the runtime and the heap were asked for by this program.
struct Calls {
    std::atomic<int> launches = 0;
    std::atomic<int> graphLaunches = 0;
    std::atomic<int> copies = 0;
    std::atomic<int> waits = 0;
    std::atomic<int> deviceAllocations = 0;
    std::atomic<int> heapAllocations = 0;  // by the thread that has isCounting set
};
Calls calls;
thread_local bool isCounting = false;

// What the virtual GPU allocates while it works does not count.
class InRuntime {
public:
    InRuntime() : m_wasCounting(std::exchange(isCounting, false)) {}
    ~InRuntime() { isCounting = m_wasCounting; }

private:
    bool m_wasCounting;
};

// The runtime's own function, which the one of this program stands before.
template <typename Function>
Function* next(const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" cudaError_t __cudaLaunchKernel(cudaKernel_t kernel, dim3 grid, dim3 block,
                                          void** arguments, std::size_t sharedBytes,
                                          cudaStream_t stream) {
    static auto* const own = next<decltype(__cudaLaunchKernel)>("__cudaLaunchKernel");
    ++calls.launches;
    const InRuntime runtime;
    return own(kernel, grid, block, arguments, sharedBytes, stream);
}

extern "C" cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
    static auto* const own = next<decltype(cudaGraphLaunch)>("cudaGraphLaunch");
    ++calls.graphLaunches;
    const InRuntime runtime;
    return own(graph, stream);
}

extern "C" cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes,
                                       cudaMemcpyKind kind, cudaStream_t stream) {
    static auto* const own =
        next<cudaError_t(void*, const void*, std::size_t, cudaMemcpyKind, cudaStream_t)>(
            "cudaMemcpyAsync");
    ++calls.copies;
    const InRuntime runtime;
    return own(to, from, bytes, kind, stream);
}

extern "C" cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
    static auto* const own = next<decltype(cudaStreamSynchronize)>("cudaStreamSynchronize");
    ++calls.waits;
    const InRuntime runtime;
    return own(stream);
}

extern "C" cudaError_t cudaDeviceSynchronize() {
    static auto* const own = next<decltype(cudaDeviceSynchronize)>("cudaDeviceSynchronize");
    ++calls.waits;
    const InRuntime runtime;
    return own();
}

extern "C" cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
    static auto* const own = next<cudaError_t(void**, std::size_t)>("cudaMalloc");
    ++calls.deviceAllocations;
    const InRuntime runtime;
    return own(memory, bytes);
}

// Not inlined: the compiler would see memory of malloc() given to a delete, and warn.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
    calls.heapAllocations += isCounting ? 1 : 0;
    if (void* const memory = std::malloc(bytes > 0 ? bytes : 1)) {
        return memory;
    }
    throw std::bad_alloc();
}

[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t /*bytes*/) noexcept {
    std::free(memory);
}

namespace apertura::test {

namespace {

constexpr std::int64_t kVocabulary = 160;
constexpr std::int64_t kLayers = 2;
// The steps come to the second split of the attention.
constexpr std::int64_t kPrompt = 124;
constexpr std::int64_t kSteps = 8;
constexpr std::int64_t kContext = 200;

enum class Way { asDecoded, stageByStage };

TokenId idAt(std::int64_t position) {
    return static_cast<TokenId>(position * 37 % kVocabulary);
}

void advance(Backend& backend, const Pass& pass, Way way) {
    std::vector<TokenId> ids(static_cast<std::size_t>(pass.tokens));
    for (std::int64_t i = 0; i < pass.tokens; ++i) {
        ids[static_cast<std::size_t>(i)] = idAt(pass.firstPosition + i);
    }
    if (way == Way::asDecoded) {
        CHECK(Decoder(backend, kLayers).advance(pass, ids, {}));
        return;
    }
    backend.embed(pass, ids);
    for (std::int64_t layer = 0; layer < kLayers; ++layer) {
        backend.runLayer(pass, layer);
    }
}

// Logits after each step that follows a prompt.
std::vector<std::vector<float>> logitsOf(Backend& backend, Sequence& sequence, Way way) {
    advance(backend, {sequence, 0, kPrompt}, way);
    std::vector<std::vector<float>> all;
    for (std::int64_t position = kPrompt; position < kPrompt + kSteps; ++position) {
        const Pass pass{sequence, position, 1};
        advance(backend, pass, way);
        auto& row = all.emplace_back(static_cast<std::size_t>(kVocabulary));
        backend.logits(pass, {row.data(), 1, kVocabulary});
    }
    return all;
}

void compareWays(cuda::CudaBackend& backend, const TinyModel& model, const std::string& path,
                 KvType kv, Findings& findings) {
    CHECK(backend.prepare(model.weights).ok());
    const auto decoded = backend.newSequence({kContext, kv});
    const auto eager = backend.newSequence({kContext, kv});
    CHECK(decoded.ok() && eager.ok());
    const auto got = logitsOf(backend, **decoded, Way::asDecoded);
    const auto expected = logitsOf(backend, **eager, Way::stageByStage);
    for (std::size_t i = 0; i < got.size(); ++i) {
        if (!findings.verify(got[i] == expected[i], "logits of position " + std::to_string(i))) {
            break;
        }
    }
    findings.note((*decoded)->decodePath());
    findings.verify((*decoded)->decodePath().starts_with(path), (*decoded)->decodePath());
    findings.equal((*eager)->decodePath(), std::string(), "where nothing was replayed");
}

void aReplayedStepHasTheBitsOfTheEagerOne(LinearForm form, KvType kv, Findings& findings) {
    cuda::CudaBackend backend(*cuda::chooseDevice(), {kContext, kv});
    compareWays(backend, makeTinyModel(form), "graph", kv, findings);
}

// A stage that knows no position but the pass's.
class BoundToItsPosition : public cuda::CudaBackend {
public:
    using CudaBackend::CudaBackend;

    void attend(const Pass& pass, std::int64_t layer) override {
        auto& sequence = static_cast<cuda::CudaSequence&>(pass.sequence);
        const auto& buffers = sequence.buffers();
        kernels::cuda::rope(buffers.cosines, buffers.sines, pass.firstPosition,
                            sequence.activation(Activation::query, pass.tokens), sequence.stream());
        CudaBackend::attend(pass, layer);
    }
};

void aStageThatForgetsThePositionIsFoundOut(Findings& findings) {
    BoundToItsPosition backend(*cuda::chooseDevice(), {kContext, KvType::bf16});
    compareWays(backend, makeTinyModel(LinearForm::bf16), "eager: the graph computes other", {},
                findings);
}

class Waiting : public cuda::CudaBackend {
public:
    using CudaBackend::CudaBackend;

    void attend(const Pass& pass, std::int64_t layer) override {
        CudaBackend::attend(pass, layer);
        static_cast<cuda::CudaSequence&>(pass.sequence).wait();
    }
};

void aStageThatCannotBeRecordedStaysEager(Findings& findings) {
    Waiting backend(*cuda::chooseDevice(), {kContext, KvType::bf16});
    compareWays(backend, makeTinyModel(LinearForm::bf16), "eager: ", {}, findings);
}

void theBestLogitsAreThoseOfTheRow(Findings& findings) {
    cuda::CudaBackend backend(*cuda::chooseDevice(), {kContext, KvType::bf16});
    CHECK(backend.prepare(makeTinyModel(LinearForm::int4Adapter).weights).ok());
    const auto sequence = backend.newSequence({kContext, KvType::bf16});
    CHECK(sequence.ok());
    Decoder decoder(backend, kLayers);
    const std::vector<TokenId> ids = {3, 1, 4, 1, 5, 9, 2, 6, 5};
    const Pass pass{**sequence, 0, static_cast<std::int64_t>(ids.size())};
    CHECK(decoder.advance(pass, ids, {}));
    std::vector<float> row(kVocabulary);
    backend.logits(pass, {row.data(), 1, kVocabulary});
    for (const std::int64_t count : {std::int64_t{1}, std::int64_t{40}, kVocabulary}) {
        const BestLogitsRequest request{count, 0.7};
        BestLogits expected;
        findBestLogits(row, request, expected);
        BestLogits got;
        std::vector<float> fetched(kVocabulary);
        backend.bestLogits(pass, request, fetched, got);
        backend.fetchLogits(**sequence, fetched);
        findings.verify(fetched == row, "the row is not the one computed");
        findings.equal(got.tokens.size(), expected.tokens.size(), "tokens");
        for (std::size_t i = 0; i < got.tokens.size(); ++i) {
            findings.verify(got.tokens[i].id == expected.tokens[i].id &&
                                got.tokens[i].logit == expected.tokens[i].logit,
                            "token " + std::to_string(i));
        }
        findings.verify(std::abs(got.weightSum - expected.weightSum) <=
                            kBestLogitsSumError * expected.weightSum,
                        "sum of weights");
        findings.verify(std::abs(got.logSumExp - expected.logSumExp) <= kBestLogitsSumError,
                        "log-sum-exp");
    }
}

void aTokenCostsOneWaitAndNoMemory(Findings& findings) {
    constexpr int kTokens = 16;
    cuda::CudaBackend backend(*cuda::chooseDevice(), {kContext, KvType::bf16});
    CHECK(backend.prepare(makeTinyModel(LinearForm::int4Adapter).weights).ok());
    for (const Way way : {Way::stageByStage, Way::asDecoded}) {
        const auto sequence = backend.newSequence({kContext, KvType::bf16});
        CHECK(sequence.ok());
        BestLogits best;
        const auto step = [&](std::int64_t position) {
            const Pass pass{**sequence, position, 1};
            const TokenId id = idAt(position);
            if (way == Way::asDecoded) {
                CHECK(Decoder(backend, kLayers).advance(pass, std::span(&id, 1), {}));
            } else {
                backend.embed(pass, std::span(&id, 1));
                for (std::int64_t layer = 0; layer < kLayers; ++layer) {
                    backend.runLayer(pass, layer);
                }
            }
            backend.bestLogits(pass, {64, 0.8}, {}, best);
        };
        advance(backend, {**sequence, 0, kPrompt}, way);
        step(kPrompt);
        for (auto* count : {&calls.launches, &calls.graphLaunches, &calls.copies, &calls.waits,
                            &calls.deviceAllocations, &calls.heapAllocations}) {
            *count = 0;
        }
        isCounting = true;
        for (std::int64_t position = kPrompt + 1; position <= kPrompt + kTokens; ++position) {
            step(position);
        }
        isCounting = false;
        findings.equal(calls.heapAllocations.load(), 0, "allocations on the heap");
        findings.equal(calls.deviceAllocations.load(), 0, "allocations on the device");
        findings.equal(calls.waits.load(), kTokens, "waits");
        findings.equal(calls.graphLaunches.load(), way == Way::asDecoded ? kTokens : 0, "graphs");
        findings.note(std::string(way == Way::asDecoded ? "replayed" : "stage by stage") + ": " +
                      std::to_string(calls.launches / kTokens) + " kernels and " +
                      std::to_string(calls.graphLaunches / kTokens) + " graphs launched, " +
                      std::to_string(calls.copies / kTokens) + " copies, " +
                      std::to_string(calls.waits / kTokens) + " waits a token");
    }
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const LinearForm form : allLinearForms()) {
        all.push_back(deviceCase(
            std::string("aReplayedStepOf") + linearFormName(form) + "HasTheBitsOfTheEagerOne",
            [form](Findings& findings) {
                aReplayedStepHasTheBitsOfTheEagerOne(form, KvType::bf16, findings);
            }));
    }
    all.push_back(
        deviceCase("aReplayedStepWithAnInt8CacheHasTheBitsOfTheEagerOne", [](Findings& findings) {
            aReplayedStepHasTheBitsOfTheEagerOne(LinearForm::bf16, KvType::int8, findings);
        }));
    all.push_back(deviceCase("aStageThatForgetsThePositionIsFoundOut",
                             aStageThatForgetsThePositionIsFoundOut));
    all.push_back(
        deviceCase("aStageThatCannotBeRecordedStaysEager", aStageThatCannotBeRecordedStaysEager));
    all.push_back(deviceCase("theBestLogitsAreThoseOfTheRow", theBestLogitsAreThoseOfTheRow));
    all.push_back(deviceCase("aTokenCostsOneWaitAndNoMemory", aTokenCostsOneWaitAndNoMemory));
    return all;
}

}  // namespace apertura::test
