// The CUDA backend by its parts: a tiny model in every weight form against float64, and the
// self-test with its memory.
#include "inference/backend/cuda/cuda_backend.h"

#include <algorithm>
#include <cmath>

#include "inference/backend/cuda/cuda_sequence.h"
#include "inference/backend/cuda/self_test.h"
#include "inference/backend/cuda/self_test_cache.h"
#include "inference/model/decoder.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/tiny_model.h"

namespace apertura::test {

namespace {

constexpr std::int64_t kVocabulary = 160;
constexpr std::int64_t kContext = 128;

std::vector<TokenId> someIds(std::size_t count) {
    std::mt19937 random(5);
    std::vector<TokenId> ids(count);
    std::generate(ids.begin(), ids.end(),
                  [&] { return static_cast<TokenId>(random() % kVocabulary); });
    return ids;
}

// Logits of all positions, the ids sent through in passes of `chunk`.
std::vector<float> decode(const TinyModel& model, const std::vector<TokenId>& ids,
                          std::int64_t chunk, KvType kv) {
    cuda::CudaBackend backend(*cuda::chooseDevice(), {kContext, kv});
    CHECK(backend.prepare(model.weights).ok());
    auto sequence = backend.newSequence({kContext, kv});
    CHECK(sequence.ok());
    Decoder decoder(backend, 2);
    const auto count = static_cast<std::int64_t>(ids.size());
    std::vector<float> logits(static_cast<std::size_t>(count * kVocabulary));
    for (std::int64_t first = 0; first < count; first += chunk) {
        const std::int64_t tokens = std::min(chunk, count - first);
        CHECK((*sequence)->reserve(first + tokens).ok());
        const auto part = std::span(ids).subspan(static_cast<std::size_t>(first),
                                                 static_cast<std::size_t>(tokens));
        const kernels::Matrix<float> rows(logits.data() + first * kVocabulary, tokens, kVocabulary);
        CHECK(decoder.forward(**sequence, first, part, rows, {}));
    }
    return logits;
}

void logitsAreNearFloat64(LinearForm form, std::int64_t chunk, KvType kv, Findings& findings) {
    const TinyModel model = makeTinyModel(form);
    const auto ids = someIds(19);
    const auto expected = naiveLogits(model, ids);
    const auto got = decode(model, ids, chunk, kv);
    double worst = 0.0;
    for (std::size_t i = 0; i < got.size(); ++i) {
        const double difference = std::abs(got[i] - expected[i]);
        worst = difference <= worst ? worst : difference;  // NaN counts as worst
    }
    findings.note("largest difference " + std::to_string(worst));
    // Logits of about 1. Keys and values are off by 2^-9 in BF16 and by about 2^-8 of their
    // largest in INT8, and the activations and weights of a prompt by 2^-9, over two layers.
    const double limit = kv == KvType::int8 ? 0.1 : 0.05;
    findings.verify(worst < limit, "largest difference " + std::to_string(worst));
}

// A stage that runs fused kernels against its default body, the ops one by one.
using Stage = void (*)(cuda::CudaBackend&, const Pass&);

void fusedStageEqualsTheOps(LinearForm form, std::int64_t tokens, Stage fused, Stage ops,
                            Findings& findings) {
    const TinyModel model = makeTinyModel(form);
    cuda::CudaBackend backend(*cuda::chooseDevice(), {kContext, KvType::bf16});
    CHECK(backend.prepare(model.weights).ok());
    const auto sequence = backend.newSequence({kContext, KvType::bf16});
    CHECK(sequence.ok());
    auto& memory = static_cast<cuda::CudaSequence&>(**sequence);
    const Pass pass = {**sequence, 0, tokens};
    const auto hiddenAfter = [&](Stage stage) {
        backend.embed(pass, someIds(static_cast<std::size_t>(tokens)));
        stage(backend, pass);
        const kernels::Matrix<float> hidden = memory.activation(Activation::hidden, tokens);
        return toHost(hidden.data, static_cast<std::size_t>(hidden.rows * hidden.columns),
                      memory.stream());
    };
    const auto got = hiddenAfter(fused);
    const auto expected = hiddenAfter(ops);
    for (std::size_t i = 0; i < got.size(); ++i) {
        // Numbers of about 1 and fewer; activations in planes are off by 2^-16 of their largest.
        if (!(std::abs(got[i] - expected[i]) <= 1e-4F * (1.0F + std::abs(expected[i])))) {
            findings.equal(got[i], expected[i], "number " + std::to_string(i));
            return;
        }
    }
}

void everyRunGivesTheSameBits(Findings& findings) {
    const TinyModel model = makeTinyModel(LinearForm::int4Adapter);
    const auto ids = someIds(33);
    for (const std::int64_t chunk : {1, 7, 33}) {
        findings.verify(
            decode(model, ids, chunk, KvType::bf16) == decode(model, ids, chunk, KvType::bf16),
            "passes of " + std::to_string(chunk));
    }
}

void theDevicePassesItsSelfTest(Findings& findings) {
    const auto tested = cuda::runSelfTest(*cuda::chooseDevice());
    findings.verify(tested.ok(), tested.ok() ? "" : tested.error().message);
}

void aWrongResultFailsTheSelfTest(Findings& findings) {
    const std::vector<float> right = {1.0F, -2.0F, 3.0F, -1.0F};
    findings.verify(cuda::checkLogits(std::vector<float>{1.01F, -2.01F, 3.02F, -1.0F}, right).ok(),
                    "a rounding passes");
    findings.verify(!cuda::checkLogits(std::vector<float>{1.0F, -2.0F, 3.3F, -1.0F}, right),
                    "a wrong number");
    findings.verify(!cuda::checkLogits(std::vector<float>{1.0F, -2.0F, NAN, -1.0F}, right), "NaN");
}

void aHeadDimensionThatKernelsLackIsRefused(Findings& findings) {
    const TinyModel model = makeTinyModel(LinearForm::bf16);
    auto weights = std::make_shared<ModelWeights>(*model.weights);
    weights->config.headDim = 12;
    cuda::CudaBackend backend(*cuda::chooseDevice(), {});
    const auto prepared = backend.prepare(weights);
    findings.verify(!prepared && prepared.error().code == ErrorCode::unsupported, "refused");
}

void theReadoutSeesWhatIsTaken(Findings& findings) {
    const TinyModel model = makeTinyModel(LinearForm::bf16);
    cuda::CudaBackend backend(*cuda::chooseDevice(), {kContext, KvType::bf16});
    const DeviceMemory before = backend.memory();
    CHECK(backend.prepare(model.weights).ok());
    const auto sequence = backend.newSequence({kContext, KvType::bf16});
    CHECK(sequence.ok());
    const DeviceMemory after = backend.memory();
    const std::int64_t taken = (*sequence)->kvBytes() + (*sequence)->scratchBytes();
    findings.verify(before.freeBytes > 0, "free memory is known");
    findings.verify(after.usedBytes - before.usedBytes >= taken, "used grows by the session");
    findings.verify(before.freeBytes - after.freeBytes >= taken, "free shrinks by the session");
}

void theResultIsRememberedForItsKey(Findings& findings) {
    const TemporaryFolder folder;
    int runs = 0;
    const auto ask = [&](const std::string& key, const Result<void>& result) {
        return cuda::cachedSelfTest(folder.path() / "cache", key, [&] {
            ++runs;
            return result;
        });
    };
    const Error wrong{ErrorCode::deviceLost, "the GPU computed 1 where 2 is right."};
    findings.verify(ask("a", {}).ok() && ask("a", wrong).ok(), "a pass is remembered");
    findings.equal(runs, 1, "runs");
    findings.verify(!ask("b", wrong).ok() && !ask("b", {}).ok(), "a failure is remembered");
    findings.equal(runs, 2, "runs with another key");
    findings.equal(ask("b", {}).error().message, wrong.message, "sentence");
    findings.verify(!ask("c", Error{ErrorCode::outOfMemory, "no memory."}).ok(), "no memory");
    findings.verify(ask("c", {}).ok(), "a lack of memory is not remembered");
    writeText(folder.path() / "cache/cuda-self-test", "c\npas");
    findings.verify(!ask("c", wrong).ok(), "half a file is not trusted");
}

void withoutAFolderNothingIsRemembered(Findings& findings) {
    int runs = 0;
    for (const char* const folder : {"", "/proc/no-such-folder"}) {
        for (int i = 0; i < 2; ++i) {
            const auto result = cuda::cachedSelfTest(folder, "a", [&runs] {
                ++runs;
                return Result<void>();
            });
            findings.verify(result.ok(), "passed");
        }
    }
    findings.equal(runs, 4, "runs");
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const LinearForm form : allLinearForms()) {
        for (const std::int64_t chunk : {1, 8, 19}) {
            all.push_back(deviceCase(std::string("logitsOf") + linearFormName(form) + "InPassesOf" +
                                         std::to_string(chunk) + "AreNearFloat64",
                                     [=](Findings& findings) {
                                         logitsAreNearFloat64(form, chunk, KvType::bf16, findings);
                                     }));
        }
    }
    for (const LinearForm form : allLinearForms()) {
        for (const std::int64_t tokens : {1, 7}) {
            all.push_back(deviceCase(std::string("feedforwardOf") + linearFormName(form) + "For" +
                                         std::to_string(tokens) + "TokensEqualsTheOps",
                                     [=](Findings& findings) {
                                         fusedStageEqualsTheOps(
                                             form, tokens,
                                             [](cuda::CudaBackend& b, const Pass& pass) {
                                                 b.addFeedforward(pass, 1);
                                             },
                                             [](cuda::CudaBackend& b, const Pass& pass) {
                                                 b.Backend::addFeedforward(pass, 1);
                                             },
                                             findings);
                                     }));
        }
    }
    all.push_back(deviceCase("logitsWithAnInt8CacheAreNearFloat64", [](Findings& findings) {
        logitsAreNearFloat64(LinearForm::bf16, 7, KvType::int8, findings);
    }));
    all.push_back(deviceCase("everyRunGivesTheSameBits", everyRunGivesTheSameBits));
    all.push_back(deviceCase("theDevicePassesItsSelfTest", theDevicePassesItsSelfTest));
    all.push_back(deviceCase("aHeadDimensionThatKernelsLackIsRefused",
                             aHeadDimensionThatKernelsLackIsRefused));
    all.push_back(deviceCase("theReadoutSeesWhatIsTaken", theReadoutSeesWhatIsTaken));
    all.push_back({"aWrongResultFailsTheSelfTest", aWrongResultFailsTheSelfTest});
    all.push_back({"theResultIsRememberedForItsKey", theResultIsRememberedForItsKey});
    all.push_back({"withoutAFolderNothingIsRemembered", withoutAFolderNothingIsRemembered});
    return all;
}

}  // namespace apertura::test
