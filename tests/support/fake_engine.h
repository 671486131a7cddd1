// A scripted `Engine`: answers, delays and failures are laid down by the test, requests are
// recorded. Events come in the order and form of the real engine.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "inference/engine.h"

namespace apertura::test {

// One token of a scripted answer; `text` may be empty (half a character).
struct FakeToken {
    std::string text;
    SpanKind kind = SpanKind::response;
};

// What one call of generate does: reads the prompt, writes the tokens, then ends or fails.
struct FakeAnswer {
    std::vector<FakeToken> tokens;
    FinishReason finishReason = FinishReason::stop;
    std::optional<Error> error;                    // after the tokens, in place of a Generation
    std::chrono::milliseconds delayPerToken{0};    // before each token; ends early when stopped
    std::chrono::milliseconds delayPerReading{0};  // before each PhaseEvent of reading the prompt
    std::int64_t promptTokens = 40;
    std::int64_t reusedTokens = 0;
    std::int64_t droppedMessages = 0;  // > 0: a ContextFullEvent before the first token
    // That many tokens are written at once; the next waits for FakeScript::release() or a stop.
    std::optional<std::size_t> heldAfterTokens;

    // The words of `text`, each with the blank in front of it.
    static FakeAnswer words(const std::string& text);
};

// What is laid down for one model folder.
struct FakeModelScript {
    ModelInfo info;
    std::optional<Error> loadError;
    bool isPrepared = true;  // else loading events come after preparing ones
    std::chrono::milliseconds loadDelay{
        0};  // spread over four loading events; ends early when stopped
};

// What the engine is to do and what it was asked. Shared by the test and the engine.
// Threads: any member from any thread.
class FakeScript {
public:
    FakeScript();

    // Folders not laid down load `defaultModelInfo()` with their own name and directory.
    void setModel(const std::filesystem::path& directory, FakeModelScript script);
    // Used in order by the calls of generate; when all are used, "You said: .." answers.
    void addAnswer(FakeAnswer answer);
    // Answers when no scripted one is left, from now on.
    void setDefaultAnswer(FakeAnswer answer);

    std::vector<Request> requests() const;
    std::vector<ModelSource> loads() const;
    std::vector<SessionOptions> sessions() const;
    // What the model says of the device's memory from now on.
    void setMemory(const DeviceMemory& memory);
    DeviceMemory memory() const;
    // How many answers are being written at this moment.
    int running() const;
    // Lets answers that are held go on, the one being written and later ones.
    void release();

    // For the fake engine itself.
    FakeModelScript beginLoad(const ModelSource& source);
    void recordSession(const SessionOptions& options);
    FakeAnswer beginAnswer(const Request& request);
    void endAnswer();
    // Returns whether it was released, rather than stopped.
    bool waitForRelease(const std::stop_token& stop);

private:
    mutable std::mutex m_mutex;
    std::condition_variable_any m_released;
    bool m_isReleased = false;
    std::map<std::filesystem::path, FakeModelScript> m_models;
    std::deque<FakeAnswer> m_answers;
    std::optional<FakeAnswer> m_defaultAnswer;
    std::vector<Request> m_requests;
    std::vector<ModelSource> m_loads;
    std::vector<SessionOptions> m_sessions;
    DeviceMemory m_memory;
    int m_running = 0;
};

// A plausible small model: "fake", BF16, 8,192 tokens of context, backend "reference".
ModelInfo defaultModelInfo();

std::unique_ptr<Engine> makeFakeEngine(std::shared_ptr<FakeScript> script);

}  // namespace apertura::test
