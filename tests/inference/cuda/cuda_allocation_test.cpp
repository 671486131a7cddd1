// Every allocation made to fail in turn, on the virtual GPU: of device memory, and of what else a
// device needs.
#include <cstdlib>
#include <map>

#include "tests/kernels/cuda/device_case.h"
#include "tests/support/cases.h"
#include "tests/support/process.h"

namespace apertura::test {

namespace {

constexpr int kMostAllocations = 100;

// With the allocation of device memory and the call of failing_calls.h of these numbers failing.
ProcessResult probe(int allocation, int call) {
    return runProcess({"/usr/bin/env", "VGPU_FAIL_ALLOC_AFTER=" + std::to_string(allocation),
                       CUDA_ALLOCATION_PROBE,
                       std::string(APERTURA_SOURCE_DIR) + "/resources/demo-model/sinq-4bit",
                       std::to_string(call)});
}

bool isMissing(Findings& findings) {
    if (missingDevice().empty() && std::getenv("LD_PRELOAD") != nullptr) {
        return false;
    }
    findings.skip("allocations can be made to fail on the virtual GPU only");
    return true;
}

ProcessResult probeUntroubled(Findings& findings) {
    ProcessResult result = probe(0, 0);
    findings.equal(result.status, 0, "without a failure: " + result.out + result.err);
    return result;
}

// One sentence about memory, and then what is written untroubled.
void expectFailureAndRecovery(const ProcessResult& result, const ProcessResult& untroubled,
                              const std::string& what, Findings& findings) {
    const std::size_t end = result.out.find(".\n");
    findings.verify(
        result.status == 0 && end != std::string::npos &&
            !result.out.starts_with("another failure") &&
            result.out.substr(end + 2) == untroubled.out,
        what + ": status " + std::to_string(result.status) + ", " + result.out + result.err);
    findings.note(what + ": " + result.out.substr(0, end));
}

void everyFailedAllocationLeavesTheEngineUsable(Findings& findings) {
    if (isMissing(findings)) {
        return;
    }
    const ProcessResult untroubled = probeUntroubled(findings);
    int failed = 0;
    for (int n = 1; n <= kMostAllocations; ++n) {
        const ProcessResult result = probe(n, 0);
        if (result.out == untroubled.out && result.status == 0) {
            break;
        }
        ++failed;
        expectFailureAndRecovery(result, untroubled, "allocation " + std::to_string(n), findings);
    }
    // The self-test's model and session, and the model's and session's own.
    findings.verify(failed >= 4 && failed < kMostAllocations,
                    std::to_string(failed) + " allocations");
}

// Page-locked memory, streams and handles are missed; a step without its graph runs without it.
void everyOtherFailedCallLeavesTheEngineUsable(Findings& findings) {
    if (isMissing(findings)) {
        return;
    }
    const ProcessResult untroubled = probeUntroubled(findings);
    struct Count {
        int failures = 0;
        int untroubled = 0;
    };
    std::map<std::string, Count> calls;
    for (int n = 1; n <= kMostAllocations; ++n) {
        const ProcessResult result = probe(0, n);
        if (result.err == untroubled.err) {
            break;
        }
        const std::string call = result.err.substr(0, result.err.find('\n'));
        Count& count = calls[call];
        ++count.failures;
        if (result.status == 0 && result.out == untroubled.out) {
            ++count.untroubled;
            findings.note("call " + std::to_string(n) + " of " + call + ": nothing is seen");
        } else {
            expectFailureAndRecovery(result, untroubled,
                                     "call " + std::to_string(n) + " of " + call, findings);
        }
    }
    // The self-test and the model take each of these, where nothing goes on without them.
    for (const auto& [call, least] : std::map<std::string, int>{
             {"cudaStreamCreateWithFlags", 4}, {"cublasCreate_v2", 2}, {"cudaMallocHost", 2}}) {
        findings.verify(calls[call].failures >= least && calls[call].untroubled == 0, call);
    }
    for (const char* call :
         {"cudaStreamBeginCapture", "cudaStreamEndCapture", "cudaGraphInstantiate"}) {
        findings.verify(calls[call].failures == 2 && calls[call].untroubled == 2, call);
    }
    // The first launch is tried out; later ones are relied on.
    findings.verify(
        calls["cudaGraphLaunch"].failures > 2 && calls["cudaGraphLaunch"].untroubled == 2,
        "cudaGraphLaunch");
}

}  // namespace

std::vector<Case> cases() {
    return {
        {"everyFailedAllocationLeavesTheEngineUsable", everyFailedAllocationLeavesTheEngineUsable},
        {"everyOtherFailedCallLeavesTheEngineUsable", everyOtherFailedCallLeavesTheEngineUsable}};
}

}  // namespace apertura::test
