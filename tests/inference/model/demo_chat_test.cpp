// The demonstration model answers questions as transformers did (expected_chat.json beside it).
#include <chrono>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "inference/backend/backend.h"
#include "inference/engine.h"
#include "tests/support/cases.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFewAnswers = 8;

fs::path demoFolder() {
    return fs::path(APERTURA_SOURCE_DIR) / "resources/demo-model/bf16";
}

std::shared_ptr<Model> loadDemo(int threads) {
    auto model = makeLocalEngine()->load({demoFolder(), {}}, {BackendChoice::automatic, threads},
                                         [](const PhaseEvent&) {}, {});
    CHECK(model.ok());
    return *model;
}

Request questionFor(const std::string& question) {
    const std::vector<ChatMessage> messages = {{Role::user, question}};
    Request request;
    ChatPrompt prompt;
    prompt.messagesJson = messagesToJson(messages);
    request.prompt = prompt;
    request.sampling.temperature = 0.0;
    request.sampling.maxTokens = 160;
    return request;
}

std::string trimmed(const std::string& text) {
    const auto first = text.find_first_not_of(" \n");
    const auto last = text.find_last_not_of(" \n");
    return first == std::string::npos ? std::string() : text.substr(first, last - first + 1);
}

// Few where only the repository is at hand, all where a golden root brings the demonstration model
// too.
void answersAreThoseRecorded(Findings& findings) {
    const auto model = loadDemo(2);
    auto session = model->newSession({});
    CHECK(session.ok());
    const auto recorded = nlohmann::json::parse(readFile(demoFolder() / "expected_chat.json"));
    const bool isAll = !findGoldens("models/demo/bf16").empty();
    const std::size_t step = isAll ? 1 : std::max<std::size_t>(1, recorded.size() / kFewAnswers);
    std::size_t equal = 0;
    std::size_t asked = 0;
    std::string firstOther;
    for (std::size_t i = 0; i < recorded.size(); i += step) {
        const auto generation =
            (*session)->generate(questionFor(recorded[i]["question"]), [](const Event&) {}, {});
        CHECK(generation.ok());
        ++asked;
        if (trimmed(generation->text) == trimmed(recorded[i]["answer"])) {
            ++equal;
        } else if (firstOther.empty()) {
            firstOther = recorded[i]["question"].get<std::string>() + ": " + generation->text;
        }
    }
    findings.note(std::to_string(equal) + " of " + std::to_string(asked) + " answers equal");
    // A near tie may fall the other way now and then.
    findings.verify(asked > 0 && equal * 100 >= asked * 95, firstOther);
}

void theModelDescribesItself(Findings& findings) {
    const auto model = loadDemo(1);
    const ModelInfo& info = model->info();
    findings.equal(info.name, std::string("bf16"), "name");
    findings.equal(info.architecture, std::string("apertus"), "architecture");
    findings.equal(info.layerCount, 6, "layers");
    findings.equal(info.vocabularySize, 8192, "vocabulary");
    findings.equal(info.maximumContext, 2048, "context");
    findings.equal(info.recommendedSampling.temperature, 0.7, "temperature");
    findings.equal(info.recommendedSampling.topP, 0.9, "top-p");
    findings.equal(info.kvBytesPerToken, 6 * 2 * 2 * 64 * 4, "KV bytes per token");
    findings.verify(info.hasChatTemplate && !info.chatTemplate.empty(), "template");
    findings.verify(
        info.backend == "reference" && !info.backendReason.empty() && !info.device.empty(),
        "backend");
    findings.verify(info.loadSeconds > 0.0 && info.weightBytes > 18000000, "load");
    findings.verify(info.warnings.empty(), info.warnings.empty() ? "" : info.warnings.front());
}

// The oracle is slow, but not sillily so. The floor is far below what one free core reaches, for it
// is shared.
void theReferenceBackendIsFastEnoughToChat(Findings& findings) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    findings.skip("sanitizers slow it down");
    return;
#endif
    auto session = loadDemo(2)->newSession({});
    CHECK(session.ok());
    Request request = questionFor("What is the capital of France?");
    request.sampling.ignoreEndOfSequence = true;
    request.sampling.maxTokens = 100;
    const auto generation = (*session)->generate(request, [](const Event&) {}, {});
    CHECK(generation.ok());
    const Metrics& metrics = generation->metrics;
    findings.note("prefill " + std::to_string(metrics.prefillTokensPerSecond) + " tok/s, decode " +
                  std::to_string(metrics.decodeTokensPerSecond) + " tok/s on " + metrics.device);
    findings.verify(metrics.decodeTokensPerSecond > 10, "decode tokens/s");
}

void loadingCanBeStopped(Findings& findings) {
    std::stop_source stop;
    std::int64_t total = 0;
    const auto model = makeLocalEngine()->load(
        {demoFolder(), {}}, {},
        [&](const PhaseEvent& event) {
            total = event.total;
            stop.request_stop();
        },
        stop.get_token());
    findings.verify(!model && model.error().code == ErrorCode::cancelled, "cancelled");
    findings.verify(total > 18000000, "bytes of the whole");
}

void whatIsThrownWhileLoadingIsAnError(Findings& findings) {
    const auto loadThrowing = [](const auto& exception) {
        return makeLocalEngine()->load({demoFolder(), {}}, {BackendChoice::reference, 1},
                                       [&](const PhaseEvent&) { throw exception; }, {});
    };
    const auto tooLong = loadThrowing(std::length_error("vector"));
    findings.verify(!tooLong && tooLong.error().code == ErrorCode::outOfMemory, "out of memory");
    const auto lost = loadThrowing(DeviceError("The device fell off the bus."));
    findings.verify(!lost && lost.error().code == ErrorCode::deviceLost, "device lost");
}

void backendsThatAreNotThereAreRefused(Findings& findings) {
    for (const BackendChoice choice : {BackendChoice::cpu, BackendChoice::cuda}) {
        const auto model =
            makeLocalEngine()->load({demoFolder(), {}}, {choice, 1}, [](const PhaseEvent&) {}, {});
        findings.verify(!model && model.error().code == ErrorCode::unsupported, "unsupported");
    }
    const auto model = makeLocalEngine()->load({demoFolder(), {}}, {BackendChoice::automatic, -1},
                                               [](const PhaseEvent&) {}, {});
    findings.verify(!model && model.error().code == ErrorCode::invalidRequest, "threads");
}

}  // namespace

std::vector<Case> cases() {
    return {{"answersAreThoseRecorded", answersAreThoseRecorded},
            {"theModelDescribesItself", theModelDescribesItself},
            {"theReferenceBackendIsFastEnoughToChat", theReferenceBackendIsFastEnoughToChat},
            {"loadingCanBeStopped", loadingCanBeStopped},
            {"whatIsThrownWhileLoadingIsAnError", whatIsThrownWhileLoadingIsAnError},
            {"backendsThatAreNotThereAreRefused", backendsThatAreNotThereAreRefused}};
}

}  // namespace apertura::test
