// Loads a model on the GPU and lets it write, twice; where the first time fails (an allocation is
// made to), the second must not, and nothing may be left behind. Prints the first failure's
// sentence, if any, then the ids written; on standard error the call of failing_calls.h that was
// made to fail, the one that the second argument numbers. Run by cuda_allocation_test.
#include <cstdio>
#include <cstdlib>
#include <cuda_runtime_api.h>

#include "inference/engine.h"
#include "tests/inference/cuda/failing_calls.h"

namespace {

using namespace apertura;

Result<std::vector<TokenId>> write(const char* folder) {
    const auto model = makeLocalEngine()->load({folder, {}}, {BackendChoice::cuda, 1},
                                               [](const PhaseEvent&) {}, {});
    if (!model) {
        return model.error();
    }
    const auto session = (*model)->newSession({64, KvType::bf16});
    if (!session) {
        return session.error();
    }
    Request request;
    request.prompt = IdsPrompt{{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5}};
    request.sampling.temperature = 0.0;
    request.sampling.maxTokens = 4;
    request.sampling.ignoreEndOfSequence = true;
    auto generation = (*session)->generate(request, [](const Event&) {}, {});
    if (!generation) {
        return generation.error();
    }
    return std::move(generation->ids);
}

std::size_t freeBytes() {
    std::size_t free = 0;
    std::size_t total = 0;
    return cudaMemGetInfo(&free, &total) == cudaSuccess ? free : 0;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) {
        return 2;
    }
    test::failCall(std::atoi(arguments[2]));
    const std::size_t before = freeBytes();
    auto ids = write(arguments[1]);
    if (!ids) {
        if (ids.error().code != ErrorCode::outOfMemory) {
            std::printf("another failure: ");
        }
        std::printf("%s\n", ids.error().message.c_str());
        if (freeBytes() != before || test::thingsTaken() != 0) {
            std::printf("%zu bytes and %lld things are left behind\n", before - freeBytes(),
                        static_cast<long long>(test::thingsTaken()));
            return 1;
        }
        ids = write(arguments[1]);
    }
    if (!ids) {
        std::printf("again: %s\n", ids.error().message.c_str());
        return 1;
    }
    for (const TokenId id : *ids) {
        std::printf("%d ", id);
    }
    std::printf("\n");
    if (test::failedCall() != nullptr) {
        std::fprintf(stderr, "%s\n", test::failedCall());
    }
    return freeBytes() == before && test::thingsTaken() == 0 ? 0 : 1;
}
