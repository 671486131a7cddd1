// Every allocation on the device made to fail in turn, on the virtual GPU.
#include <cstdlib>

#include "tests/kernels/cuda/device_case.h"
#include "tests/support/cases.h"
#include "tests/support/process.h"

namespace apertura::test {

namespace {

constexpr int kMostAllocations = 100;

ProcessResult probe(int failing) {
    return runProcess({"/usr/bin/env", "VGPU_FAIL_ALLOC_AFTER=" + std::to_string(failing),
                       CUDA_ALLOCATION_PROBE,
                       std::string(APERTURA_SOURCE_DIR) + "/resources/demo-model/sinq-4bit"});
}

void everyFailedAllocationLeavesTheEngineUsable(Findings& findings) {
    const char* const preloaded = std::getenv("LD_PRELOAD");
    if (!missingDevice().empty() || preloaded == nullptr) {
        findings.skip("allocations can be made to fail on the virtual GPU only");
        return;
    }
    const ProcessResult untroubled = probe(0);
    findings.equal(untroubled.status, 0, "without a failure: " + untroubled.out + untroubled.err);
    int failed = 0;
    for (int n = 1; n <= kMostAllocations; ++n) {
        const ProcessResult result = probe(n);
        if (result.out == untroubled.out && result.status == 0) {
            break;
        }
        ++failed;
        const std::size_t end = result.out.find(".\n");
        findings.verify(result.status == 0 && end != std::string::npos &&
                            !result.out.starts_with("another failure") &&
                            result.out.substr(end + 2) == untroubled.out,
                        "allocation " + std::to_string(n) + ": status " +
                            std::to_string(result.status) + ", " + result.out + result.err);
        findings.note(std::to_string(n) + ": " + result.out.substr(0, end));
    }
    // The self-test's model and session, and the model's and session's own.
    findings.verify(failed >= 4 && failed < kMostAllocations,
                    std::to_string(failed) + " allocations");
}

}  // namespace

std::vector<Case> cases() {
    return {
        {"everyFailedAllocationLeavesTheEngineUsable", everyFailedAllocationLeavesTheEngineUsable}};
}

}  // namespace apertura::test
