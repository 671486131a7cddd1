// The readouts at the bottom: what is going on, with a clock, and the figures as text. Changes at
// most four times a second; unknown is "–".
#pragma once

#include <QElapsedTimer>
#include <QObject>
#include <QString>
#include <QTimer>
#include <QtQml/qqmlregistration.h>

#include "app/conversation/chat_service.h"

namespace apertura {

class StatusViewModel : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to the chat")
    Q_PROPERTY(QString phase READ phase NOTIFY changed)  // "writing 0:07"
    Q_PROPERTY(bool busy READ isBusy NOTIFY changed)
    Q_PROPERTY(bool failed READ isFailed NOTIFY changed)
    Q_PROPERTY(qreal progress READ progress NOTIFY changed)  // 0 to 1; negative = unknown
    // A model is to be loaded once the answer that is being written has ended; cancel() takes that
    // back.
    Q_PROPERTY(bool loadWaits READ isLoadWaiting NOTIFY changed)
    // Loading or reading that has lasted long enough to be worth a cancel button.
    Q_PROPERTY(bool cancellable READ isCancellable NOTIFY changed)
    Q_PROPERTY(QString readSpeed READ readSpeed NOTIFY changed)
    Q_PROPERTY(QString writeSpeed READ writeSpeed NOTIFY changed)
    Q_PROPERTY(QString firstToken READ firstToken NOTIFY changed)
    Q_PROPERTY(QString memoryName READ memoryName NOTIFY changed)  // "RAM" or "VRAM"
    Q_PROPERTY(QString memory READ memory NOTIFY changed)          // "0.41 / 24.0 GiB"
    Q_PROPERTY(QString memoryLegend READ memoryLegend NOTIFY changed)
    // All of these, a line each, for where there is no room for all.
    Q_PROPERTY(QString figures READ figures NOTIFY changed)
    // Shares of the memory bar, 0 to 1, in the order they are drawn.
    Q_PROPERTY(qreal weightShare READ weightShare NOTIFY changed)
    Q_PROPERTY(qreal kvShare READ kvShare NOTIFY changed)
    Q_PROPERTY(qreal scratchShare READ scratchShare NOTIFY changed)
    Q_PROPERTY(qreal otherShare READ otherShare NOTIFY changed)
    Q_PROPERTY(QString context READ context NOTIFY changed)  // "1,204 / 8,192"
    Q_PROPERTY(qreal contextShare READ contextShare NOTIFY changed)

public:
    // Threads: the UI thread. `service` outlives this.
    explicit StatusViewModel(ChatService& service, QObject* parent = nullptr);

    QString phase() const;
    bool isBusy() const { return m_readouts.phase != ActivityPhase::idle; }
    bool isFailed() const;
    bool isLoadWaiting() const;
    qreal progress() const;
    bool isCancellable() const;
    QString readSpeed() const;
    QString writeSpeed() const;
    QString firstToken() const;
    QString memoryName() const;
    QString memory() const;
    QString memoryLegend() const;
    QString figures() const;
    qreal weightShare() const { return memoryShare(m_readouts.weightBytes); }
    qreal kvShare() const { return memoryShare(m_readouts.kvBytes); }
    qreal scratchShare() const { return memoryShare(scratchBytes()); }
    qreal otherShare() const;
    QString context() const;
    qreal contextShare() const;

    Q_INVOKABLE void cancel();

Q_SIGNALS:
    void changed();

private:
    void scheduleRefresh();
    void refresh();
    QString phaseWord() const;
    QString restWord() const;
    bool isLoading() const;
    // Whether the phase says how much of it is done.
    bool isCounted() const;
    qint64 phaseAgeMs() const;
    qint64 ownBytes() const;
    qint64 scratchBytes() const;
    qreal memoryShare(qint64 bytes) const;

    ChatService& m_service;
    Readouts m_readouts;
    QElapsedTimer m_sinceRefresh;
    QTimer m_nextRefresh;  // the trailing edge of a burst of changes
    QTimer m_clock;        // the seconds of a phase
};

}  // namespace apertura
