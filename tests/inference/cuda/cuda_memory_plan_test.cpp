// The memory plan: what it says, and that it is what is then taken.
#include <algorithm>
#include <cstdlib>

#include "inference/backend/cuda/cuda_backend.h"
#include "inference/backend/cuda/memory_plan.h"
#include "inference/backend/cuda/synthetic_model.h"
#include "inference/model/decoder.h"
#include "tests/kernels/cuda/device_case.h"

namespace apertura::test {

namespace {

using cuda::MemoryPlan;
using cuda::PlanInput;

constexpr std::int64_t kTokensPerPass = 512;

// The refusal at `freeBytes`; empty where it fits.
std::string refusal(const PlanInput& input, std::int64_t freeBytes) {
    const auto fits = cuda::checkFits(input, freeBytes);
    return fits ? "" : fits.error().message;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

// The most memory that is in use while a model is loaded, reads and writes; sampled after each
// step, as nothing is given back in between.
std::int64_t measuredPeak(cuda::CudaBackend& backend,
                          const std::shared_ptr<const ModelWeights>& weights,
                          const SequenceOptions& options, Findings& findings) {
    const std::int64_t before = backend.memory().freeBytes;
    std::int64_t least = before;
    const auto sample = [&] { least = std::min(least, backend.memory().freeBytes); };
    CHECK(backend.prepare(weights).ok());
    sample();
    const auto sequence = backend.newSequence(options);
    CHECK(sequence.ok());
    sample();
    Decoder decoder(backend, weights->config.numHiddenLayers);
    const std::int64_t vocabulary = weights->config.outputVocabSize;
    std::vector<float> row(static_cast<std::size_t>(vocabulary));
    std::int64_t position = 0;
    for (const std::int64_t tokens : {20, 1, 1, 1}) {
        const std::vector<TokenId> ids(static_cast<std::size_t>(tokens), 7);
        CHECK(decoder.forward(**sequence, position, ids, {row.data(), 1, vocabulary}, {}));
        position += tokens;
        sample();
    }
    const MemoryPlan plan = cuda::planMemory({*weights, options, backend.maxTokensPerPass()});
    findings.equal((*sequence)->kvBytes(), plan.kvCache, "KV cache");
    findings.equal((*sequence)->scratchBytes(), plan.scratch, "scratch");
    return before - least;
}

std::string megabytes(std::int64_t bytes) {
    return std::to_string(bytes / 1'000'000) + "." + std::to_string(bytes / 100'000 % 10);
}

void thePeakIsWhatWasPlanned(Findings& findings) {
    auto weights = std::make_shared<ModelWeights>(*cuda::makeSyntheticModel());
    weights->config.maxPositionEmbeddings = 65536;
    const auto device = *cuda::chooseDevice();
    const bool isVirtual = std::getenv("VGPU_ORDER") != nullptr;
    findings.note("MB at context (KV): weights, adapters, KV cache, scratch, planned, measured");
    for (const KvType kv : {KvType::bf16, KvType::int8}) {
        for (const std::int64_t context : {2048, 8192, 32768}) {
            const SequenceOptions options{context, kv};
            cuda::CudaBackend backend(device, {context, kv});
            const std::int64_t peak = measuredPeak(backend, weights, options, findings);
            const MemoryPlan plan =
                cuda::planMemory({*weights, options, backend.maxTokensPerPass()});
            findings.note(std::to_string(context) +
                          (kv == KvType::int8 ? " (INT8): " : " (BF16): ") +
                          megabytes(plan.weights) + ", " + megabytes(plan.adapters) + ", " +
                          megabytes(plan.kvCache) + ", " + megabytes(plan.scratch) + ", " +
                          megabytes(plan.total()) + ", " + megabytes(peak));
            const double ratio = static_cast<double>(plan.total()) / static_cast<double>(peak);
            // On a real device cuBLAS and the graph take some memory of their own, which is large
            // beside this model.
            findings.verify(
                ratio <= 1.02 && (ratio >= 0.98 || !isVirtual),
                "planned " + std::to_string(plan.total()) + ", measured " + std::to_string(peak));
        }
    }
}

void aCacheThatIsTooBigIsToldWithWhatWouldFit(Findings& findings) {
    const auto weights = cuda::makeSyntheticModel();
    const PlanInput input{*weights, {4096, KvType::bf16}, kTokensPerPass};
    const MemoryPlan plan = cuda::planMemory(input);
    findings.equal(refusal(input, plan.total()), std::string(), "at exactly what it needs");
    const std::string little = refusal(input, plan.total() - 1);
    findings.note(little);
    findings.verify(contains(little, "KV cache is too big"), "names the KV cache: " + little);
    findings.verify(contains(little, "a context of 3840 tokens"), "a shorter context: " + little);
    findings.verify(contains(little, "an INT8 KV cache"), "INT8: " + little);
    findings.verify(little.ends_with("."), "a sentence: " + little);
    const std::string more = refusal(input, plan.total() - plan.kvCache * 3 / 4);
    findings.verify(!contains(more, "INT8") && contains(more, "a context of"),
                    "INT8 would not fit either: " + more);
}

void weightsThatAreTooBigAreTold(Findings& findings) {
    const auto weights = cuda::makeSyntheticModel();
    const PlanInput input{*weights, {4096, KvType::bf16}, kTokensPerPass};
    const std::string sentence = refusal(input, cuda::planMemory(input).weights / 2);
    findings.note(sentence);
    findings.verify(contains(sentence, "weights are too big") && contains(sentence, "CPU"),
                    sentence);
}

void aSessionThatDoesNotFitIsRefusedAndAnotherWorks(Findings& findings) {
    const auto weights = cuda::makeSyntheticModel();
    cuda::CudaBackend backend(*cuda::chooseDevice(), {256, KvType::bf16});
    CHECK(backend.prepare(weights).ok());
    const auto tooBig = backend.newSequence({std::int64_t{1} << 34, KvType::bf16});
    findings.verify(!tooBig && tooBig.error().code == ErrorCode::outOfMemory, "refused");
    findings.verify(backend.newSequence({256, KvType::bf16}).ok(), "a small one");
}

}  // namespace

std::vector<Case> cases() {
    return {
        deviceCase("thePeakIsWhatWasPlanned", thePeakIsWhatWasPlanned),
        deviceCase("aCacheThatIsTooBigIsToldWithWhatWouldFit",
                   aCacheThatIsTooBigIsToldWithWhatWouldFit),
        deviceCase("weightsThatAreTooBigAreTold", weightsThatAreTooBigAreTold),
        deviceCase("aSessionThatDoesNotFitIsRefusedAndAnotherWorks",
                   aSessionThatDoesNotFitIsRefusedAndAnotherWorks),
    };
}

}  // namespace apertura::test
