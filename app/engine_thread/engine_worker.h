// What runs on the engine thread: the engine, the loaded model and the sessions on it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <vector>

#include <QObject>
#include <QTimer>

#include "app/engine_thread/progress_collector.h"
#include "inference/engine.h"

namespace apertura {

using EngineFactory = std::function<std::unique_ptr<Engine>()>;

struct AnswerRequest {
    quint64 id = 0;
    // Requests with one key share a KV cache: the id of the conversation.
    qint64 sessionKey = 0;
    Request request;
};

// Either a generation or an error.
struct AnswerEnd {
    quint64 requestId = 0;
    std::optional<Generation> generation;
    std::optional<Error> error;
};

// How far a load is: `preparing`, then or else at once `loading`.
struct LoadProgress {
    quint64 loadId = 0;
    Phase phase = Phase::loading;
    qint64 bytesDone = 0;
    qint64 bytesTotal = 0;  // 0 while unknown
};

// Either a model or an error. The model is shared: it lives until the last holder lets go.
struct LoadEnd {
    quint64 loadId = 0;
    std::shared_ptr<const Model> model;
    std::optional<Error> error;
    bool keptModel = false;  // cancelled before it began: the model before is still there
};

// Threads: created anywhere, then used on the engine thread only. While it works it handles no
// other call: only the stop tokens reach it.
class EngineWorker : public QObject {
    Q_OBJECT

public:
    explicit EngineWorker(EngineFactory makeEngine);
    ~EngineWorker() override;

    // The model before is let go first, as two do not always fit; not where `stop` came before.
    void load(quint64 loadId, const ModelSource& source, const LoadOptions& options,
              const std::stop_token& stop);
    void unload();
    // A request whose token is stopped already ends as cancelled without being started.
    void answer(const AnswerRequest& request, const std::stop_token& stop);
    void forgetSession(qint64 sessionKey);

Q_SIGNALS:
    void loadProgressed(const apertura::LoadProgress& progress);
    void loadEnded(const apertura::LoadEnd& end);
    void answerProgressed(const apertura::AnswerProgress& progress);
    // While a model is loaded: every two seconds, about four times a second during an answer.
    void memoryRead(const apertura::DeviceMemory& memory);
    void answerEnded(const apertura::AnswerEnd& end);

private:
    struct KeyedSession {
        qint64 key = 0;
        std::unique_ptr<Session> session;
    };

    Result<Generation> generate(const AnswerRequest& request, const std::stop_token& stop);
    Result<Session*> sessionFor(qint64 key);
    void reportMemory();

    EngineFactory m_makeEngine;
    std::unique_ptr<Engine> m_engine;  // made on the engine thread, at the first load
    std::shared_ptr<Model> m_model;
    QTimer m_memoryTimer{this};
    std::vector<KeyedSession> m_sessions;  // the one used last stands first
};

}  // namespace apertura
