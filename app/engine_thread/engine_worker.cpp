#include "app/engine_thread/engine_worker.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "app/engine_thread/thread_weight.h"

namespace apertura {

namespace {

// The conversation that is answered and the one before it keep their KV cache; more would take
// memory that long conversations need.
constexpr std::size_t kSessionCount = 2;

constexpr std::chrono::milliseconds kLoadReportInterval{100};
constexpr std::chrono::milliseconds kMemoryInterval{2000};
constexpr std::chrono::milliseconds kBusyMemoryInterval{250};

Generation notStarted(const Request& request) {
    Generation generation;
    generation.finishReason = FinishReason::cancelled;
    generation.sampling = request.sampling;
    return generation;
}

}  // namespace

EngineWorker::EngineWorker(EngineFactory makeEngine) : m_makeEngine(std::move(makeEngine)) {
    m_memoryTimer.setInterval(kMemoryInterval);
    m_memoryTimer.callOnTimeout(this, &EngineWorker::reportMemory);
}

EngineWorker::~EngineWorker() = default;

void EngineWorker::load(quint64 loadId, const ModelSource& source, const LoadOptions& options,
                        const std::stop_token& stop) {
    LoadEnd end;
    end.loadId = loadId;
    if (stop.stop_requested()) {
        end.error = Error{ErrorCode::cancelled, "Loading was cancelled."};
        end.keptModel = m_model != nullptr;
        Q_EMIT loadEnded(end);
        return;
    }
    unload();
    if (!m_engine) {
        standBehindTheWindow();  // before the engine starts its own threads
        m_engine = m_makeEngine();
    }
    std::optional<Phase> lastPhase;
    auto lastReport = std::chrono::steady_clock::time_point{};
    const auto onProgress = [&](const PhaseEvent& event) {
        const auto now = std::chrono::steady_clock::now();
        if (event.phase != lastPhase || now - lastReport >= kLoadReportInterval) {
            lastPhase = event.phase;
            lastReport = now;
            Q_EMIT loadProgressed({loadId, event.phase, event.done, event.total});
        }
    };
    Result<std::shared_ptr<Model>> loaded = m_engine->load(source, options, onProgress, stop);
    if (loaded) {
        m_model = std::move(loaded).value();
        m_memoryTimer.start();
        end.model = m_model;
    } else {
        end.error = loaded.error();
    }
    Q_EMIT loadEnded(end);
}

void EngineWorker::unload() {
    m_memoryTimer.stop();
    m_sessions.clear();
    m_model.reset();
}

void EngineWorker::reportMemory() {
    Q_EMIT memoryRead(m_model->memory());
}

void EngineWorker::answer(const AnswerRequest& request, const std::stop_token& stop) {
    AnswerEnd end;
    end.requestId = request.id;
    Result<Generation> result = generate(request, stop);
    if (result) {
        end.generation = std::move(result).value();
    } else {
        end.error = result.error();
    }
    Q_EMIT answerEnded(end);
}

void EngineWorker::forgetSession(qint64 sessionKey) {
    std::erase_if(m_sessions, [&](const KeyedSession& entry) { return entry.key == sessionKey; });
}

Result<Generation> EngineWorker::generate(const AnswerRequest& request,
                                          const std::stop_token& stop) {
    if (stop.stop_requested()) {
        return notStarted(request.request);
    }
    if (!m_model) {
        return Error{ErrorCode::invalidRequest, "No model is loaded."};
    }
    const Result<Session*> session = sessionFor(request.sessionKey);
    if (!session) {
        return session.error();
    }
    auto lastMemory = std::chrono::steady_clock::time_point{};
    ProgressCollector collector(request.id, session.value()->contextSize(),
                                [&](const AnswerProgress& progress) {
                                    Q_EMIT answerProgressed(progress);
                                    const auto now = std::chrono::steady_clock::now();
                                    if (now - lastMemory >= kBusyMemoryInterval) {
                                        lastMemory = now;
                                        reportMemory();
                                    }
                                });
    Result<Generation> result = session.value()->generate(
        request.request, [&](const Event& event) { collector.add(event); }, stop);
    collector.flush();
    return result;
}

Result<Session*> EngineWorker::sessionFor(qint64 key) {
    const auto found = std::find_if(m_sessions.begin(), m_sessions.end(),
                                    [&](const KeyedSession& entry) { return entry.key == key; });
    if (found != m_sessions.end()) {
        std::rotate(m_sessions.begin(), found, found + 1);
        return m_sessions.front().session.get();
    }
    if (m_sessions.size() >= kSessionCount) {
        m_sessions.pop_back();
    }
    Result<std::unique_ptr<Session>> made = m_model->newSession(SessionOptions{});
    if (!made && made.error().code == ErrorCode::outOfMemory && !m_sessions.empty()) {
        m_sessions.clear();
        made = m_model->newSession(SessionOptions{});
    }
    if (!made) {
        return made.error();
    }
    m_sessions.insert(m_sessions.begin(), KeyedSession{key, std::move(made).value()});
    return m_sessions.front().session.get();
}

}  // namespace apertura
