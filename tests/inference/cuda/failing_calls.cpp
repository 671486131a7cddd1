#include "tests/inference/cuda/failing_calls.h"

#include <atomic>
#include <cublas_v2.h>
#include <cuda_runtime_api.h>
#include <dlfcn.h>

namespace apertura::test {

namespace {

std::atomic<int> callsUntilFailure = 0;
std::atomic<const char*> failed = nullptr;
std::atomic<std::int64_t> taken = 0;

// Whether it is this call's turn to fail.
bool mustFail(const char* call) {
    if (callsUntilFailure.fetch_sub(1) != 1) {
        return false;
    }
    failed = call;
    return true;
}

template <typename Function>
Function* next(Function*, const char* name) {
    return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

// Counts what a call took or gave back, where it succeeded.
template <typename Status>
Status counted(Status status, int things) {
    taken += status == Status{} ? things : 0;
    return status;
}

}  // namespace

void failCall(int n) {
    callsUntilFailure = n;
    failed = nullptr;
}

const char* failedCall() {
    return failed;
}

std::int64_t thingsTaken() {
    return taken;
}

}  // namespace apertura::test

using apertura::test::counted;
using apertura::test::mustFail;
using apertura::test::next;

extern "C" {

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
    if (mustFail("cudaMallocHost")) {
        return cudaErrorMemoryAllocation;
    }
    return counted(next<cudaError_t(void**, std::size_t)>(nullptr, "cudaMallocHost")(memory, bytes),
                   1);
}

cudaError_t cudaFreeHost(void* memory) {
    return counted(next(&cudaFreeHost, "cudaFreeHost")(memory), memory != nullptr ? -1 : 0);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
    if (mustFail("cudaStreamCreateWithFlags")) {
        return cudaErrorMemoryAllocation;
    }
    return counted(next(&cudaStreamCreateWithFlags, "cudaStreamCreateWithFlags")(stream, flags), 1);
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
    return counted(next(&cudaStreamDestroy, "cudaStreamDestroy")(stream), -1);
}

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode) {
    if (mustFail("cudaStreamBeginCapture")) {
        return cudaErrorMemoryAllocation;
    }
    return next(&cudaStreamBeginCapture, "cudaStreamBeginCapture")(stream, mode);
}

cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
    const cudaError_t status = next(&cudaStreamEndCapture, "cudaStreamEndCapture")(stream, graph);
    if (mustFail("cudaStreamEndCapture") && status == cudaSuccess) {
        cudaGraphDestroy(*graph);
        *graph = nullptr;
        return cudaErrorMemoryAllocation;
    }
    return status;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph,
                                 unsigned long long flags) {
    if (mustFail("cudaGraphInstantiate")) {
        return cudaErrorMemoryAllocation;
    }
    return counted(next(&cudaGraphInstantiate, "cudaGraphInstantiate")(executable, graph, flags),
                   1);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
    return counted(next(&cudaGraphExecDestroy, "cudaGraphExecDestroy")(executable), -1);
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t stream) {
    if (mustFail("cudaGraphLaunch")) {
        return cudaErrorMemoryAllocation;
    }
    return next(&cudaGraphLaunch, "cudaGraphLaunch")(executable, stream);
}

cublasStatus_t cublasCreate_v2(cublasHandle_t* handle) {
    if (mustFail("cublasCreate_v2")) {
        return CUBLAS_STATUS_ALLOC_FAILED;
    }
    return counted(next(&cublasCreate_v2, "cublasCreate_v2")(handle), 1);
}

cublasStatus_t cublasDestroy_v2(cublasHandle_t handle) {
    return counted(next(&cublasDestroy_v2, "cublasDestroy_v2")(handle), -1);
}

}  // extern "C"
