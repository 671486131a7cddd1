#include "inference/backend/make_backend.h"

#include <algorithm>
#include <thread>

#include "inference/backend/reference_backend.h"

namespace apertura {

namespace {

constexpr int kMaxThreads = 512;

ChosenBackend reference(int threads, std::string reason) {
    const int count = threads > 0 ? threads : static_cast<int>(std::thread::hardware_concurrency());
    return {std::make_unique<ReferenceBackend>(std::clamp(count, 1, kMaxThreads)),
            std::move(reason)};
}

}  // namespace

Result<ChosenBackend> makeBackend(const LoadOptions& options) {
    if (options.threads < 0 || options.threads > kMaxThreads) {
        return Error{ErrorCode::invalidRequest, "threads must be from 0 to " +
                                                    std::to_string(kMaxThreads) + ", but is " +
                                                    std::to_string(options.threads) + "."};
    }
    switch (options.backend) {
        case BackendChoice::automatic:
            return reference(
                options.threads,
                "The reference backend computes, as it is the only one in this build.");
        case BackendChoice::reference:
            return reference(options.threads, "The reference backend was asked for.");
        case BackendChoice::cpu:
            return Error{
                ErrorCode::unsupported,
                "This build has no cpu backend; the reference backend runs every checkpoint."};
        case BackendChoice::cuda:
            break;
    }
    return Error{ErrorCode::unsupported,
                 "This build has no cuda backend; the reference backend runs every checkpoint."};
}

}  // namespace apertura
