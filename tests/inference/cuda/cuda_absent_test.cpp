// What happens where there is no GPU: the choice falls on the CPU, and a sentence says why.

#include "inference/backend/make_backend.h"
#include "tests/support/cases.h"

namespace apertura::test {

namespace {

bool isOnAGpu() {
    const auto backend = makeBackend({BackendChoice::automatic, 1});
    return backend.ok() && backend->backend->name() == "cuda";
}

void theChoiceFallsOnTheCpuAndSaysWhy(Findings& findings) {
    const auto chosen = makeBackend({BackendChoice::automatic, 1});
    if (!findings.verify(chosen.ok(), "a backend")) {
        return;
    }
    findings.equal(chosen->backend->name(), std::string("reference"), "backend");
    findings.verify(
        chosen->reason.ends_with(".") && (chosen->reason.find("GPU") != std::string::npos ||
                                          chosen->reason.find("NVIDIA") != std::string::npos ||
                                          chosen->reason.find("CUDA") != std::string::npos),
        "the reason is \"" + chosen->reason + "\"");
}

void cudaByNameIsRefusedInASentence(Findings& findings) {
    const auto chosen = makeBackend({BackendChoice::cuda, 1});
    if (findings.verify(!chosen.ok(), "refused")) {
        findings.verify(
            chosen.error().code == ErrorCode::unsupported && chosen.error().message.ends_with("."),
            "the sentence is \"" + chosen.error().message + "\"");
        findings.note(chosen.error().message);
    }
}

}  // namespace

std::vector<Case> cases() {
    if (isOnAGpu()) {
        return {{"aMachineWithoutAGpu",
                 [](Findings& findings) { findings.skip("this machine has a GPU"); }}};
    }
    return {{"theChoiceFallsOnTheCpuAndSaysWhy", theChoiceFallsOnTheCpuAndSaysWhy},
            {"cudaByNameIsRefusedInASentence", cudaByNameIsRefusedInASentence}};
}

}  // namespace apertura::test
