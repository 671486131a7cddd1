// The memory plan: what it says, and that it is what is then taken.
#include "inference/backend/cuda/cuda_backend.h"
#include "inference/backend/cuda/memory_plan.h"
#include "inference/backend/cuda/synthetic_model.h"
#include "tests/kernels/cuda/device_case.h"

namespace apertura::test {

namespace {

using cuda::MemoryPlan;
using cuda::PlanInput;

constexpr std::int64_t kTokensPerPass = 512;

void requireDevice(Findings& findings, const std::function<void(Findings&)>& run) {
    if (const std::string reason = missingDevice(); !reason.empty()) {
        findings.skip(reason);
        return;
    }
    run(findings);
}

// The refusal at `freeBytes`; empty where it fits.
std::string refusal(const PlanInput& input, std::int64_t freeBytes) {
    const auto fits = cuda::checkFits(input, freeBytes);
    return fits ? "" : fits.error().message;
}

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

void whatIsTakenIsWhatWasPlanned(Findings& findings) {
    const auto weights = cuda::makeSyntheticModel();
    const auto device = *cuda::chooseDevice();
    for (const std::int64_t context : {2048, 4096}) {
        cuda::CudaBackend backend(device, {context, KvType::bf16});
        const std::int64_t before = backend.memory().freeBytes;
        CHECK(backend.prepare(weights).ok());
        const auto sequence = backend.newSequence({context, KvType::bf16});
        CHECK(sequence.ok());
        const std::int64_t taken = before - backend.memory().freeBytes;
        const MemoryPlan plan =
            cuda::planMemory({*weights, {context, KvType::bf16}, backend.maxTokensPerPass()});
        const double ratio = static_cast<double>(plan.total()) / static_cast<double>(taken);
        findings.note("planned over taken at " + std::to_string(context) + ": " +
                      std::to_string(ratio));
        // On a real device cuBLAS takes its own workspace, too, which is large beside this model.
        findings.verify(ratio <= 1.02, "planned " + std::to_string(plan.total()) + ", taken " +
                                           std::to_string(taken));
        findings.equal((*sequence)->kvBytes(), plan.kvCache, "KV cache");
        findings.equal((*sequence)->scratchBytes(), plan.scratch, "scratch");
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
    const auto make = [](const char* name, const std::function<void(Findings&)>& run) {
        return Case{name, [run](Findings& findings) { requireDevice(findings, run); }};
    };
    return {
        make("whatIsTakenIsWhatWasPlanned", whatIsTakenIsWhatWasPlanned),
        make("aCacheThatIsTooBigIsToldWithWhatWouldFit", aCacheThatIsTooBigIsToldWithWhatWouldFit),
        make("weightsThatAreTooBigAreTold", weightsThatAreTooBigAreTold),
        make("aSessionThatDoesNotFitIsRefusedAndAnotherWorks",
             aSessionThatDoesNotFitIsRefusedAndAnotherWorks),
    };
}

}  // namespace apertura::test
