#include "inference/backend/cuda/plugin.h"

#include <exception>

#include "inference/backend/cuda/cuda_backend.h"
#include "inference/backend/cuda/self_test.h"
#include "inference/backend/cuda/self_test_cache.h"

namespace apertura::cuda {

namespace {

CudaPluginAnswer makeCudaBackend(const LoadOptions& options, CudaPluginShared& shared) {
    const auto device = chooseDevice();
    if (!device) {
        return {nullptr, device.error().message};
    }
    const Result<void> tested = cachedSelfTest(options.cacheDirectory, selfTestKey(*device),
                                               [&device] { return runSelfTest(*device); });
    if (!tested) {
        return {
            nullptr,
            "The GPU " + device->name + " did not pass the self-test: " + tested.error().message,
            tested.error().code};
    }
    if (shared == nullptr) {
        shared = std::make_shared<SharedTensors>();
    }
    return {std::make_unique<CudaBackend>(*device, options.plannedSession,
                                          std::static_pointer_cast<SharedTensors>(shared)),
            "The GPU " + device->name + " computes; it passed the self-test."};
}

}  // namespace

}  // namespace apertura::cuda

extern "C" __attribute__((visibility("default"))) void aperturaMakeCudaBackend(
    int interfaceNumber, const apertura::LoadOptions& options, apertura::CudaPluginShared& shared,
    apertura::CudaPluginAnswer& answer) {
    if (interfaceNumber != apertura::kCudaPluginInterface) {
        answer = {nullptr, "The CUDA part beside the program is of another build."};
        return;
    }
    try {
        answer = apertura::cuda::makeCudaBackend(options, shared);
    } catch (const std::exception& error) {
        answer = {nullptr, std::string("The CUDA part failed to start: ") + error.what() + "."};
    }
}
