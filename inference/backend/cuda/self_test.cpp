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
// one token more.
constexpr std::int64_t kPromptTokens = 11;
constexpr std::int64_t kContext = 64;
// Of the logits' root mean square. Keys and values in BF16 are off by 2^-9, activations and prefill
// weights in BF16 likewise; what is wrong in earnest is off by about 1.
constexpr double kTolerance = 0.05;

// The logits of the last prompt token and of the one after it.
Result<std::vector<float>> computeLogits(Backend& backend,
                                         const std::shared_ptr<const ModelWeights>& weights) {
    if (auto prepared = backend.prepare(weights); !prepared) {
        return prepared.error();
    }
    auto sequence = backend.newSequence({kContext, KvType::bf16});
    if (!sequence) {
        return sequence.error();
    }
    if (auto reserved = (*sequence)->reserve(kPromptTokens + 1); !reserved) {
        return reserved.error();
    }
    std::vector<TokenId> ids(static_cast<std::size_t>(kPromptTokens + 1));
    for (std::size_t i = 0; i < ids.size(); ++i) {
        ids[i] = static_cast<TokenId>(37 * i % static_cast<std::size_t>(weights->config.vocabSize));
    }
    const std::int64_t vocabulary = weights->config.outputVocabSize;
    std::vector<float> logits(static_cast<std::size_t>(2 * vocabulary));
    Decoder decoder(backend, weights->config.numHiddenLayers);
    const bool isDone = decoder.forward(**sequence, 0, std::span(ids).first(kPromptTokens),
                                        {logits.data(), 1, vocabulary}, {}) &&
                        decoder.forward(**sequence, kPromptTokens, std::span(ids).last(1),
                                        {logits.data() + vocabulary, 1, vocabulary}, {});
    CHECK(isDone);
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
