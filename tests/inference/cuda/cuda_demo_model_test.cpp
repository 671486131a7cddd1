// The demonstration model in all its variants: the CUDA backend against the reference one, logits
// and answers. It needs nothing beside the repository.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "inference/engine.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kScoredIds = 24;
constexpr std::size_t kQuestions = 2;
// As of the golden models: 16-bit activations, keys and values in BF16, prompts in BF16.
constexpr double kLargest = 0.35;
constexpr double kRms = 0.06;

// Where the programs were carried to another machine, a golden root holds the model.
fs::path demoFolder() {
    const fs::path here = fs::path(APERTURA_SOURCE_DIR) / "resources/demo-model";
    const auto carried = findGoldens("demo-model");
    return fs::exists(here) || carried.empty() ? here : carried.front();
}

std::unique_ptr<Session> openSession(const std::string& variant, BackendChoice backend,
                                     Findings& findings) {
    auto model = makeLocalEngine()->load({demoFolder() / variant, {}}, {backend, 2},
                                         [](const PhaseEvent&) {}, {});
    if (!model) {
        findings.fail(model.error().message);
        return nullptr;
    }
    auto session = (*model)->newSession({});
    CHECK(session.ok());
    return std::move(*session);
}

std::vector<float> logitsOf(Session& session, const std::vector<TokenId>& ids) {
    std::vector<float> all;
    const auto scored = session.score(ids,
                                      [&](std::int64_t, std::span<const float> row) {
                                          all.insert(all.end(), row.begin(), row.end());
                                      },
                                      {});
    CHECK(scored.ok());
    return all;
}

std::vector<TokenId> answerTo(Session& session, const std::string& question) {
    ChatPrompt prompt;
    prompt.messagesJson = messagesToJson(std::vector<ChatMessage>{{Role::user, question}});
    Request request;
    request.prompt = prompt;
    request.sampling.temperature = 0.0;
    request.sampling.maxTokens = 12;
    const auto generation = session.generate(request, [](const Event&) {}, {});
    CHECK(generation.ok());
    return generation->ids;
}

void compareLogits(Session& gpu, Session& reference, Findings& findings) {
    std::vector<TokenId> ids(kScoredIds);
    for (std::size_t i = 0; i < ids.size(); ++i) {
        ids[i] = static_cast<TokenId>(1000 + 1237 * i % 7000);
    }
    const auto got = logitsOf(gpu, ids);
    const auto expected = logitsOf(reference, ids);
    findings.equal(got.size(), expected.size(), "logits");
    double largest = 0.0;
    double squares = 0.0;
    for (std::size_t i = 0; i < std::min(got.size(), expected.size()); ++i) {
        const double difference = std::abs(static_cast<double>(got[i]) - expected[i]);
        largest = difference <= largest ? largest : difference;  // NaN counts
        squares += difference * difference;
    }
    const double rms = std::sqrt(squares / static_cast<double>(expected.size()));
    const std::string figures =
        "largest difference " + std::to_string(largest) + ", rms " + std::to_string(rms);
    findings.note(figures);
    findings.verify(largest <= kLargest && rms <= kRms, figures);
}

void theVariantComputesAsTheReference(const std::string& variant, Findings& findings) {
    const auto gpu = openSession(variant, BackendChoice::cuda, findings);
    const auto reference = openSession(variant, BackendChoice::reference, findings);
    if (gpu == nullptr || reference == nullptr) {
        return;
    }
    compareLogits(*gpu, *reference, findings);
    const auto recorded = nlohmann::json::parse(readFile(demoFolder() / "bf16/expected_chat.json"));
    for (std::size_t i = 0; i < kQuestions; ++i) {
        const auto question =
            recorded[i * recorded.size() / kQuestions]["question"].get<std::string>();
        findings.verify(answerTo(*gpu, question) == answerTo(*reference, question),
                        "the answer to " + question);
    }
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all;
    for (const char* const variant : {"bf16", "gptq-mixed-eora", "sinq-4bit"}) {
        all.push_back(deviceCase("theVariantComputesAsTheReference " + std::string(variant),
                                 [variant](Findings& findings) {
                                     theVariantComputesAsTheReference(variant, findings);
                                 }));
    }
    return all;
}

}  // namespace apertura::test
