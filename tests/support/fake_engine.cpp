#include "tests/support/fake_engine.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

namespace apertura::test {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kReadingSteps = 4;
constexpr std::int64_t kLoadingSteps = 4;

double secondsSince(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

// Waits, but no longer than until `stop`. Returns whether the time went by without one.
bool waited(std::chrono::milliseconds time, const std::stop_token& stop) {
    if (time.count() > 0) {
        std::mutex mutex;
        std::condition_variable_any condition;
        std::unique_lock lock(mutex);
        condition.wait_for(lock, stop, time, [] { return false; });
    }
    return !stop.stop_requested();
}

std::string lastUserText(const Request& request) {
    if (const auto* text = std::get_if<TextPrompt>(&request.prompt)) {
        return text->text;
    }
    const auto* chat = std::get_if<ChatPrompt>(&request.prompt);
    const auto messages =
        nlohmann::json::parse(chat != nullptr ? chat->messagesJson : "[]", nullptr, false);
    if (!messages.is_array() || messages.empty() || !messages.back().contains("content")) {
        return {};
    }
    const auto& content = messages.back()["content"];
    return content.is_string() ? content.get<std::string>() : content.dump();
}

class FakeSession : public Session {
public:
    FakeSession(std::shared_ptr<FakeScript> script, ModelInfo info, std::int64_t contextSize)
        : m_script(std::move(script)), m_info(std::move(info)), m_contextSize(contextSize) {}

    Result<Generation> generate(const Request& request,
                                const std::function<void(const Event&)>& onEvent,
                                std::stop_token stop) override {
        const FakeAnswer answer = m_script->beginAnswer(request);
        Result<Generation> result = play(answer, request, onEvent, stop);
        m_script->endAnswer();
        return result;
    }

    Result<void> score(std::span<const TokenId>,
                       const std::function<void(std::int64_t, std::span<const float>)>&,
                       std::stop_token) override {
        return Error{ErrorCode::unsupported, "The fake engine cannot score."};
    }

    std::int64_t contextSize() const override { return m_contextSize; }

private:
    Result<Generation> play(const FakeAnswer& answer, const Request& request,
                            const std::function<void(const Event&)>& onEvent,
                            const std::stop_token& stop);
    bool readPrompt(const FakeAnswer& answer, const std::function<void(const Event&)>& onEvent,
                    const std::stop_token& stop) const;
    void fillMetrics(const FakeAnswer& answer, double prefillSeconds, double decodeSeconds,
                     Generation& generation) const;

    std::shared_ptr<FakeScript> m_script;
    ModelInfo m_info;
    std::int64_t m_contextSize;
};

bool FakeSession::readPrompt(const FakeAnswer& answer,
                             const std::function<void(const Event&)>& onEvent,
                             const std::stop_token& stop) const {
    const std::int64_t total = answer.promptTokens - answer.reusedTokens;
    for (std::int64_t step = 0; step <= kReadingSteps; ++step) {
        if (!waited(answer.delayPerReading, stop)) {
            return false;
        }
        onEvent(PhaseEvent{Phase::readingPrompt, total * step / kReadingSteps, total});
    }
    return true;
}

void FakeSession::fillMetrics(const FakeAnswer& answer, double prefillSeconds, double decodeSeconds,
                              Generation& generation) const {
    Metrics& metrics = generation.metrics;
    metrics.loadSeconds = m_info.loadSeconds;
    metrics.promptTokens = answer.promptTokens;
    metrics.reusedTokens = answer.reusedTokens;
    metrics.prefillTokensPerSecond =
        static_cast<double>(answer.promptTokens - answer.reusedTokens) /
        std::max(prefillSeconds, 1e-6);
    metrics.timeToFirstTokenSeconds = prefillSeconds;
    metrics.completionTokens = static_cast<std::int64_t>(generation.ids.size());
    metrics.decodeTokensPerSecond =
        static_cast<double>(generation.ids.size()) / std::max(decodeSeconds, 1e-6);
    metrics.backend = m_info.backend;
    metrics.device = m_info.device;
    metrics.weightBytes = m_info.weightBytes;
    metrics.adapterBytes = m_info.adapterBytes;
    metrics.contextUsed = answer.promptTokens + metrics.completionTokens;
    metrics.contextSize = m_contextSize;
    metrics.kvBytes = metrics.contextUsed * m_info.kvBytesPerToken;
    metrics.scratchBytes = 1 << 20;
    metrics.deviceMemoryUsedBytes = metrics.weightBytes + metrics.kvBytes + metrics.scratchBytes;
    metrics.deviceMemoryFreeBytes = std::int64_t{4} << 30;
    metrics.deviceMemoryOwnBytes = metrics.deviceMemoryUsedBytes;
    metrics.processMemoryBytes = metrics.deviceMemoryUsedBytes + (std::int64_t{64} << 20);
    metrics.seed = generation.sampling.seed.value_or(0);
}

Result<Generation> FakeSession::play(const FakeAnswer& answer, const Request& request,
                                     const std::function<void(const Event&)>& onEvent,
                                     const std::stop_token& stop) {
    Generation generation;
    generation.sampling = request.sampling;
    generation.sampling.seed = request.sampling.seed.value_or(1234);
    generation.promptIds.assign(static_cast<std::size_t>(answer.promptTokens), 0);
    generation.finishReason = answer.finishReason;
    const auto start = Clock::now();
    if (answer.droppedMessages > 0) {
        onEvent(ContextFullEvent{answer.droppedMessages});
    }
    const bool wasRead = readPrompt(answer, onEvent, stop);
    const double prefillSeconds = secondsSince(start);
    const auto decodeStart = Clock::now();
    if (!wasRead) {
        generation.finishReason = FinishReason::cancelled;
    } else {
        onEvent(PhaseEvent{Phase::writing, 0, request.sampling.maxTokens.value_or(0)});
    }
    for (std::size_t i = 0; wasRead && i < answer.tokens.size(); ++i) {
        if (!waited(answer.delayPerToken, stop) ||
            (answer.heldAfterTokens == i && !m_script->waitForRelease(stop))) {
            generation.finishReason = FinishReason::cancelled;
            break;
        }
        const FakeToken& token = answer.tokens[i];
        const auto id = static_cast<TokenId>(100 + i);
        generation.ids.push_back(id);
        std::string& part = token.kind == SpanKind::response   ? generation.text
                            : token.kind == SpanKind::thoughts ? generation.thoughts
                                                               : generation.toolCalls;
        part += token.text;
        if (!token.text.empty()) {
            onEvent(TextEvent{token.text, token.kind});
        }
        const double speed = static_cast<double>(i + 1) / std::max(secondsSince(decodeStart), 1e-6);
        onEvent(TokensEvent{{SampledToken{id, 0.0, 0, {}}},
                            i == 0 ? 0.0 : speed,
                            answer.promptTokens + static_cast<std::int64_t>(i) + 1});
    }
    if (answer.error && generation.finishReason != FinishReason::cancelled) {
        return *answer.error;
    }
    if (generation.finishReason == FinishReason::context) {
        onEvent(ContextFullEvent{0});
    }
    fillMetrics(answer, prefillSeconds, secondsSince(decodeStart), generation);
    return generation;
}

class FakeModel : public Model {
public:
    FakeModel(std::shared_ptr<FakeScript> script, ModelInfo info)
        : m_script(std::move(script)), m_info(std::move(info)) {}

    const ModelInfo& info() const override { return m_info; }
    DeviceMemory memory() const override { return m_script->memory(); }
    Result<std::unique_ptr<Session>> newSession(const SessionOptions& options) override {
        m_script->recordSession(options);
        const std::int64_t size = options.contextSize > 0
                                      ? options.contextSize
                                      : std::min<std::int64_t>(m_info.maximumContext, 8192);
        if (size > m_info.maximumContext) {
            return Error{ErrorCode::invalidRequest,
                         "The context is larger than the model's maximum."};
        }
        return std::unique_ptr<Session>(std::make_unique<FakeSession>(m_script, m_info, size));
    }
    const Tokenizer* tokenizer() const override { return nullptr; }

private:
    std::shared_ptr<FakeScript> m_script;
    ModelInfo m_info;
};

class FakeEngine : public Engine {
public:
    explicit FakeEngine(std::shared_ptr<FakeScript> script) : m_script(std::move(script)) {}

    Result<std::shared_ptr<Model>> load(const ModelSource& source, const LoadOptions&,
                                        const std::function<void(const PhaseEvent&)>& onProgress,
                                        std::stop_token stop) override {
        const FakeModelScript model = m_script->beginLoad(source);
        const std::int64_t bytes = model.info.weightBytes + model.info.adapterBytes;
        for (std::int64_t step = 0; step <= kLoadingSteps; ++step) {
            if (!waited(step == 0 ? std::chrono::milliseconds(0) : model.loadDelay / kLoadingSteps,
                        stop)) {
                return Error{ErrorCode::cancelled, "Loading was cancelled."};
            }
            if (model.loadError && step == kLoadingSteps) {
                return *model.loadError;
            }
            const bool isPreparing = !model.isPrepared && step < kLoadingSteps / 2;
            onProgress(PhaseEvent{isPreparing ? Phase::preparing : Phase::loading,
                                  bytes * step / kLoadingSteps, bytes});
        }
        return std::shared_ptr<Model>(std::make_shared<FakeModel>(m_script, model.info));
    }

private:
    std::shared_ptr<FakeScript> m_script;
};

}  // namespace

FakeAnswer FakeAnswer::words(const std::string& text) {
    FakeAnswer answer;
    for (const char character : text) {
        if (answer.tokens.empty() || character == ' ') {
            answer.tokens.emplace_back();
        }
        answer.tokens.back().text += character;
    }
    return answer;
}

FakeScript::FakeScript() = default;

void FakeScript::setModel(const std::filesystem::path& directory, FakeModelScript script) {
    const std::lock_guard lock(m_mutex);
    m_models[directory] = std::move(script);
}

void FakeScript::addAnswer(FakeAnswer answer) {
    const std::lock_guard lock(m_mutex);
    m_answers.push_back(std::move(answer));
}

void FakeScript::setDefaultAnswer(FakeAnswer answer) {
    const std::lock_guard lock(m_mutex);
    m_defaultAnswer = std::move(answer);
}

std::vector<Request> FakeScript::requests() const {
    const std::lock_guard lock(m_mutex);
    return m_requests;
}

std::vector<ModelSource> FakeScript::loads() const {
    const std::lock_guard lock(m_mutex);
    return m_loads;
}

std::vector<SessionOptions> FakeScript::sessions() const {
    const std::lock_guard lock(m_mutex);
    return m_sessions;
}

void FakeScript::setMemory(const DeviceMemory& memory) {
    const std::lock_guard lock(m_mutex);
    m_memory = memory;
}

DeviceMemory FakeScript::memory() const {
    const std::lock_guard lock(m_mutex);
    return m_memory;
}

int FakeScript::running() const {
    const std::lock_guard lock(m_mutex);
    return m_running;
}

void FakeScript::release() {
    const std::lock_guard lock(m_mutex);
    m_isReleased = true;
    m_released.notify_all();
}

bool FakeScript::waitForRelease(const std::stop_token& stop) {
    std::unique_lock lock(m_mutex);
    return m_released.wait(lock, stop, [this] { return m_isReleased; });
}

FakeModelScript FakeScript::beginLoad(const ModelSource& source) {
    const std::lock_guard lock(m_mutex);
    m_loads.push_back(source);
    const auto found = m_models.find(source.directory);
    if (found != m_models.end()) {
        return found->second;
    }
    FakeModelScript script;
    script.info = defaultModelInfo();
    script.info.name = source.directory.filename().string();
    script.info.directory = source.directory;
    return script;
}

void FakeScript::recordSession(const SessionOptions& options) {
    const std::lock_guard lock(m_mutex);
    m_sessions.push_back(options);
}

FakeAnswer FakeScript::beginAnswer(const Request& request) {
    const std::lock_guard lock(m_mutex);
    ++m_running;
    m_requests.push_back(request);
    if (!m_answers.empty()) {
        FakeAnswer answer = std::move(m_answers.front());
        m_answers.pop_front();
        return answer;
    }
    return m_defaultAnswer ? *m_defaultAnswer
                           : FakeAnswer::words("You said: " + lastUserText(request));
}

void FakeScript::endAnswer() {
    const std::lock_guard lock(m_mutex);
    --m_running;
}

ModelInfo defaultModelInfo() {
    ModelInfo info;
    info.name = "fake";
    info.directory = "/nowhere/fake";
    info.architecture = "apertus";
    info.precision = "BF16";
    info.contentHash = "00112233445566778899aabbccddeeff";
    info.vocabularySize = 1000;
    info.layerCount = 2;
    info.maximumContext = 8192;
    info.parameterCount = 9'000'000;
    info.weightBytes = 18'000'000;
    info.kvBytesPerToken = 4096;
    info.hasChatTemplate = true;
    info.chatTemplate = "{{ messages[-1]['content'] }}";
    info.recommendedSampling.temperature = 0.8;
    info.recommendedSampling.topP = 0.9;
    info.backend = "reference";
    info.backendReason = "It is scripted.";
    info.device = "a fake processor";
    info.loadSeconds = 0.1;
    return info;
}

std::unique_ptr<Engine> makeFakeEngine(std::shared_ptr<FakeScript> script) {
    return std::make_unique<FakeEngine>(std::move(script));
}

}  // namespace apertura::test
