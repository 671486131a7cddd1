#include "inference/backend/make_backend.h"

#include <algorithm>
#include <thread>

#include "inference/backend/cuda_plugin.h"
#include "inference/backend/reference_backend.h"

namespace apertura {

namespace {

constexpr int kMaxThreads = 512;

std::unique_ptr<Backend> makeReference(int threads) {
    const int count = threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency());
    return std::make_unique<ReferenceBackend>(std::clamp(count, 1, kMaxThreads));
}

ChosenBackend chooseAutomatically(const LoadOptions& options, SharedByModels& shared) {
    const int threads = options.threads;
    CudaPluginAnswer cuda = openCudaBackend(options, shared);
    if (cuda.backend == nullptr) {
        return {makeReference(threads), "The reference backend computes. " + cuda.reason};
    }
    return {std::move(cuda.backend), std::move(cuda.reason),
            [threads] { return makeReference(threads); }};
}

Result<ChosenBackend> chooseCuda(const LoadOptions& options, SharedByModels& shared) {
    CudaPluginAnswer cuda = openCudaBackend(options, shared);
    if (cuda.backend == nullptr) {
        return Error{cuda.code, std::move(cuda.reason)};
    }
    return ChosenBackend{std::move(cuda.backend), std::move(cuda.reason)};
}

}  // namespace

Result<ChosenBackend> makeBackend(const LoadOptions& options) {
    SharedByModels none;
    return makeBackend(options, none);
}

Result<ChosenBackend> makeBackend(const LoadOptions& options, SharedByModels& shared) {
    if (options.threads < 0 || options.threads > kMaxThreads) {
        return Error{ErrorCode::invalidRequest, "threads must be from 0 to " +
                                                    std::to_string(kMaxThreads) + ", but is " +
                                                    std::to_string(options.threads) + "."};
    }
    switch (options.backend) {
        case BackendChoice::automatic:
            return chooseAutomatically(options, shared);
        case BackendChoice::reference:
            return ChosenBackend{makeReference(options.threads),
                                 "The reference backend was asked for."};
        case BackendChoice::cuda:
            return chooseCuda(options, shared);
        case BackendChoice::cpu:
            break;
    }
    return Error{ErrorCode::unsupported,
                 "This build has no cpu backend; the reference backend runs every checkpoint."};
}

}  // namespace apertura
