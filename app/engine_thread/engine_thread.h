// The one thread that computes. The UI thread hands it values and gets values back by queued
// signals; the only other way in is a request's stop token.
#pragma once

#include <stop_token>
#include <unordered_map>

#include <QObject>
#include <QThread>

#include "app/engine_thread/engine_worker.h"

namespace apertura {

// Threads: the UI thread only; signals arrive there. Requests are done one after the other, in the
// order they were made. Each has a stop source of its own from the moment it is made, so a stop is
// never lost and never meets another request.
class EngineThread : public QObject {
    Q_OBJECT

public:
    // `makeEngine` runs on the engine thread, before the first load.
    explicit EngineThread(EngineFactory makeEngine, QObject* parent = nullptr);
    ~EngineThread() override;

    // Stops a load that has not ended. Returns the id that the signals carry.
    quint64 load(const ModelSource& source, const LoadOptions& options = {});
    void cancelLoad();
    void unload();

    // Requires: an id that was not used before.
    void submit(const AnswerRequest& request);
    // Stops the request, started or not; an id that has ended is ignored.
    void cancel(quint64 requestId);
    // The KV cache of a conversation is no longer wanted.
    void forgetSession(qint64 sessionKey);

    // Stops everything and waits. True: the thread has ended, and all its signals were delivered.
    // False: it is still busy; it is left to itself, and the program has to end without it.
    bool shutDown(int timeoutMs);

Q_SIGNALS:
    void loadProgressed(const apertura::LoadProgress& progress);
    void loadEnded(const apertura::LoadEnd& end);
    void answerProgressed(const apertura::AnswerProgress& progress);
    void memoryRead(const apertura::DeviceMemory& memory);
    void answerEnded(const apertura::AnswerEnd& end);

private:
    void forgetStop(const AnswerEnd& end);

    std::unique_ptr<QThread> m_thread;  // null once shut down
    EngineWorker* m_worker;             // deleted by its thread when that ends
    std::stop_source m_loadStop;
    quint64 m_lastLoadId = 0;
    std::unordered_map<quint64, std::stop_source> m_stops;  // of requests that have not ended
};

}  // namespace apertura
