#include "inference/backend/cuda/self_test.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <numeric>
#include <vector>

#include "inference/backend/cuda/cuda_backend.h"
#include "inference/backend/cuda/synthetic_model.h"
#include "inference/backend/reference_backend.h"
#include "inference/model/decoder.h"

namespace apertura::cuda {

namespace {

// A prompt longer than the decode kernels take at once, so that both ways of reading are tried, and
// two tokens more: the step's graph is tried out at the first and replayed at the second.
constexpr std::int64_t kPromptTokens = 11;
constexpr std::int64_t kSteps = 2;
constexpr std::int64_t kContext = 64;
// Of the logits' root mean square. Keys and values in BF16 are off by 2^-9, activations and prefill
// weights in BF16 likewise; what is wrong in earnest is off by about 1.
constexpr double kTolerance = 0.05;

// The logits of the last prompt token and of those after it.
Result<std::vector<float>> computeLogits(Backend& backend,
                                         const std::shared_ptr<const ModelWeights>& weights) {
    if (auto prepared = backend.prepare(weights); !prepared) {
        return prepared.error();
    }
    auto sequence = backend.newSequence({kContext, KvType::bf16});
    if (!sequence) {
        return sequence.error();
    }
    if (auto reserved = (*sequence)->reserve(kPromptTokens + kSteps); !reserved) {
        return reserved.error();
    }
    std::vector<TokenId> ids(static_cast<std::size_t>(kPromptTokens + kSteps));
    for (std::size_t i = 0; i < ids.size(); ++i) {
        ids[i] = static_cast<TokenId>(37 * i % static_cast<std::size_t>(weights->config.vocabSize));
    }
    const std::int64_t vocabulary = weights->config.outputVocabSize;
    std::vector<float> logits(static_cast<std::size_t>((1 + kSteps) * vocabulary));
    Decoder decoder(backend, weights->config.numHiddenLayers);
    std::int64_t first = 0;
    for (std::int64_t row = 0; row <= kSteps; ++row) {
        const std::int64_t count = row == 0 ? kPromptTokens : 1;
        const auto part = std::span(ids).subspan(static_cast<std::size_t>(first),
                                                 static_cast<std::size_t>(count));
        const bool isDone = decoder.forward(**sequence, first, part,
                                            {logits.data() + row * vocabulary, 1, vocabulary}, {});
        CHECK(isDone);
        first += count;
    }
    return logits;
}

double rootMeanSquare(std::span<const float> values) {
    const double sum = std::accumulate(values.begin(), values.end(), 0.0, [](double all, float x) {
        return all + static_cast<double>(x) * x;
    });
    return std::sqrt(sum / static_cast<double>(values.size()));
}

Result<void> compareWithReference(const Device& device) {
    const auto weights = makeSyntheticModel();
    ReferenceBackend reference(1);
    const auto expected = computeLogits(reference, weights);
    if (!expected) {
        return expected.error();
    }
    CudaBackend backend(device, {kContext, KvType::bf16});
    const auto got = computeLogits(backend, weights);
    if (!got) {
        return got.error();
    }
    return checkLogits(*got, *expected);
}

}  // namespace

Result<void> checkLogits(std::span<const float> got, std::span<const float> expected) {
    CHECK(got.size() == expected.size());
    const double limit = kTolerance * rootMeanSquare(expected);
    for (std::size_t i = 0; i < expected.size(); ++i) {
        // A NaN fails the comparison.
        if (!(std::abs(got[i] - expected[i]) <= limit)) {
            return Error{ErrorCode::deviceLost, "the GPU computed " + std::to_string(got[i]) +
                                                    " where " + std::to_string(expected[i]) +
                                                    " is right."};
        }
    }
    return {};
}

Result<void> runSelfTest(const Device& device) {
    try {
        return compareWithReference(device);
    } catch (const DeviceError& error) {
        return Error{ErrorCode::deviceLost, error.what()};
    } catch (const std::bad_alloc&) {
        return Error{ErrorCode::outOfMemory, "there is not enough memory for it."};
    }
}

}  // namespace apertura::cuda
