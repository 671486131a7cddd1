// The figures of the status bar, kept from what the engine says.
#pragma once

#include <functional>

#include <QElapsedTimer>
#include <QObject>
#include <QTimer>

#include "app/conversation/chat_service.h"
#include "app/engine_thread/engine_thread.h"

namespace apertura {

// Threads: the UI thread only.
class LiveReadouts : public QObject {
    Q_OBJECT

public:
    explicit LiveReadouts(std::function<qint64()> nowMs, QObject* parent = nullptr);

    const Readouts& readouts() const { return m_readouts; }

    void loadBegan();
    void loadProgressed(const LoadProgress& progress);
    // Null where loading has failed or was cancelled.
    void loadEnded(const ModelInfo* model);
    void memoryRead(const DeviceMemory& memory);
    void answerBegan();
    void answerProgressed(const AnswerProgress& progress);
    void answerStopping();
    // Null where the answer ended without figures.
    void answerEnded(const Metrics* metrics);
    // What the conversation that was opened fills of the context; negative = unknown.
    void showContext(qint64 used);

Q_SIGNALS:
    void changed();  // at most four times a second

private:
    void enter(ActivityPhase phase);
    void takeMetrics(const Metrics& metrics);
    void takeMemory(const DeviceMemory& memory);
    void announce();
    void emitNow();

    std::function<qint64()> m_nowMs;
    Readouts m_readouts;
    qint64 m_kvBytesPerToken = 0;
    bool m_isLoading = false;
    bool m_isAnswering = false;
    QElapsedTimer m_sinceEmitted;
    QTimer m_timer;
};

}  // namespace apertura
