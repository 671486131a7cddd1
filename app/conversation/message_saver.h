// Keeps messages that change on disk: about once a second while text comes in, and again until it
// succeeds.
#pragma once

#include <memory>

#include <QHash>
#include <QObject>
#include <QTimer>

#include "app/conversation/conversation.h"
#include "app/history/history_thread.h"

namespace apertura {

// Threads: the UI thread only.
class MessageSaver : public QObject {
    Q_OBJECT

public:
    MessageSaver(HistoryThread& history, int intervalMs, QObject* parent = nullptr);

    // The message is on disk at most `intervalMs` and one write later.
    void touch(const std::shared_ptr<Conversation>& conversation, qint64 messageId);
    // Hands the message to the history at once.
    void save(const std::shared_ptr<Conversation>& conversation, qint64 messageId);
    // Hands over everything that has changed.
    void saveAll();

Q_SIGNALS:
    // Saving fails; said once, until it has succeeded again. The text is kept and tried again.
    void failing(const QString& sentence);

private:
    void tried(const std::shared_ptr<Conversation>& conversation, qint64 messageId,
               const Result<void>& result);

    HistoryThread& m_history;
    QTimer m_timer;
    QHash<qint64, std::shared_ptr<Conversation>> m_changed;  // by message
    bool m_isFailing = false;
};

}  // namespace apertura
