// Two models on one device: what they have in common is there once, and their sessions compute side
// by side.
#include <thread>

#include "inference/backend/cuda/cuda_backend.h"
#include "inference/backend/cuda/synthetic_model.h"
#include "inference/model/decoder.h"
#include "kernels/cuda/device/arena.h"
#include "tests/kernels/cuda/device_case.h"

namespace apertura::test {

namespace {

constexpr std::int64_t kContext = 64;
constexpr std::int64_t kPrompt = 11;
constexpr std::int64_t kSteps = 6;
const SessionOptions kPlanned = {kContext, KvType::bf16};

std::size_t freeBytes() {
    std::size_t free = 0;
    std::size_t total = 0;
    return cudaMemGetInfo(&free, &total) == cudaSuccess ? free : 0;
}

// The model again at other addresses, without its adapter and with another final norm.
std::shared_ptr<const ModelWeights> variantOfTheModel() {
    auto variant = std::make_shared<ModelWeights>(*cuda::makeSyntheticModel());
    for (LayerWeights& layer : variant->layers) {
        layer.up.adapter.reset();
    }
    variant->finalNorm.front() += 1.0F;
    return variant;
}

std::size_t finalNormBytes(const ModelWeights& weights) {
    return kernels::cuda::arenaBytes(weights.finalNorm.size() * sizeof(float));
}

// Logits of the last prompt token and of each step after it.
std::vector<float> logitsOf(Backend& backend, std::int64_t vocabulary) {
    const auto sequence = backend.newSequence({kContext, KvType::bf16});
    CHECK(sequence.ok());
    std::vector<TokenId> ids(kPrompt + kSteps);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        ids[i] = static_cast<TokenId>(41 * i % static_cast<std::size_t>(vocabulary));
    }
    std::vector<float> logits(static_cast<std::size_t>((kSteps + 1) * vocabulary));
    Decoder decoder(backend, 1);
    for (std::int64_t row = 0; row <= kSteps; ++row) {
        const std::int64_t first = row == 0 ? 0 : kPrompt + row - 1;
        const std::int64_t count = row == 0 ? kPrompt : 1;
        CHECK(decoder.forward(**sequence, first,
                              std::span(ids).subspan(static_cast<std::size_t>(first),
                                                     static_cast<std::size_t>(count)),
                              {logits.data() + row * vocabulary, 1, vocabulary}, {}));
    }
    return logits;
}

std::vector<float> logitsAlone(const std::shared_ptr<const ModelWeights>& weights) {
    cuda::CudaBackend backend(*cuda::chooseDevice(), kPlanned);
    CHECK(backend.prepare(weights).ok());
    return logitsOf(backend, weights->config.outputVocabSize);
}

void aSecondVariantTakesWhatIsItsOwn(Findings& findings) {
    const auto weights = cuda::makeSyntheticModel();
    const auto variant = variantOfTheModel();
    const auto device = *cuda::chooseDevice();
    const auto expected = logitsAlone(variant);
    const auto shared = std::make_shared<cuda::SharedTensors>();
    const std::size_t before = freeBytes();
    const std::size_t whole = cuda::deviceWeightBytes(*variant).total();
    auto first = std::make_unique<cuda::CudaBackend>(device, kPlanned, shared);
    CHECK(first->prepare(weights).ok());
    findings.equal(before - freeBytes(), cuda::deviceWeightBytes(*weights).total(),
                   "bytes of the first");
    const std::size_t between = freeBytes();
    auto second = std::make_unique<cuda::CudaBackend>(device, kPlanned, shared);
    CHECK(second->prepare(variant).ok());
    findings.note("the second takes " + std::to_string(between - freeBytes()) + " of " +
                  std::to_string(whole) + " bytes");
    findings.equal(between - freeBytes(), finalNormBytes(*variant), "bytes of the second");
    findings.verify(logitsOf(*second, variant->config.outputVocabSize) == expected,
                    "the second's results");
    first.reset();
    findings.verify(logitsOf(*second, variant->config.outputVocabSize) == expected,
                    "the second's results without the first");
    second.reset();
    findings.equal(freeBytes(), before, "free bytes afterwards");
    cuda::CudaBackend third(device, kPlanned, shared);
    CHECK(third.prepare(variant).ok());
    findings.equal(before - freeBytes(), whole, "bytes of one that comes later");
    findings.verify(logitsOf(third, variant->config.outputVocabSize) == expected,
                    "the third's results");
}

void twoModelsComputeAtOnce(Findings& findings) {
    const auto weights = cuda::makeSyntheticModel();
    const auto variant = variantOfTheModel();
    const auto expectedOfFirst = logitsAlone(weights);
    const auto expectedOfSecond = logitsAlone(variant);
    findings.verify(expectedOfFirst != expectedOfSecond, "two different models");
    const auto shared = std::make_shared<cuda::SharedTensors>();
    cuda::CudaBackend first(*cuda::chooseDevice(), kPlanned, shared);
    cuda::CudaBackend second(*cuda::chooseDevice(), kPlanned, shared);
    std::vector<float> ofFirst;
    std::vector<float> ofSecond;
    {
        const auto run = [](Backend& backend, const std::shared_ptr<const ModelWeights>& model,
                            std::vector<float>& logits) {
            CHECK(backend.prepare(model).ok());
            logits = logitsOf(backend, model->config.outputVocabSize);
        };
        const std::jthread other([&] { run(first, weights, ofFirst); });
        run(second, variant, ofSecond);
    }
    findings.verify(ofFirst == expectedOfFirst, "the first's results");
    findings.verify(ofSecond == expectedOfSecond, "the second's results");
}

void anEngineLoadsAModelTwiceAndKeepsItOnce(Findings& findings) {
    const std::filesystem::path folder =
        std::string(APERTURA_SOURCE_DIR) + "/resources/demo-model/gptq-mixed-eora";
    const auto engine = makeLocalEngine();
    LoadOptions options;
    options.backend = BackendChoice::cuda;
    options.threads = 1;
    options.plannedSession = kPlanned;
    const auto load = [&](AdapterChoice::Kind adapter) {
        auto model = engine->load({folder, {adapter, {}}}, options, [](const PhaseEvent&) {}, {});
        CHECK(model.ok());
        return *model;
    };
    const auto with = load(AdapterChoice::Kind::automatic);
    const std::size_t between = freeBytes();
    const auto without = load(AdapterChoice::Kind::none);
    findings.equal(between - freeBytes(), std::size_t{0}, "bytes of the model without adapters");
    findings.verify(with->info().adapterBytes > 0 && without->info().adapterBytes == 0,
                    "adapters on and off");
}

}  // namespace

std::vector<Case> cases() {
    return {deviceCase("aSecondVariantTakesWhatIsItsOwn", aSecondVariantTakesWhatIsItsOwn),
            deviceCase("twoModelsComputeAtOnce", twoModelsComputeAtOnce),
            deviceCase("anEngineLoadsAModelTwiceAndKeepsItOnce",
                       anEngineLoadsAModelTwiceAndKeepsItOnce)};
}

}  // namespace apertura::test
