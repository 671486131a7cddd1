// Keeps messages that change on disk: about once a second while text comes in, and again until it
// succeeds.
#pragma once

#include <memory>

#include <QHash>
#include <QObject>
#include <QTimer>

#include "app/conversation/conversation.h"
#include "app/conversation/storage_trouble.h"
#include "app/history/history_thread.h"

namespace apertura {

// Threads: the UI thread only.
class MessageSaver : public QObject {
    Q_OBJECT

public:
    MessageSaver(HistoryThread& history, StorageTrouble& trouble, int intervalMs,
                 QObject* parent = nullptr);

    // The message is on disk at most `intervalMs` and one write later.
    void touch(const std::shared_ptr<Conversation>& conversation, qint64 messageId);
    // Hands the message to the history at once.
    void save(const std::shared_ptr<Conversation>& conversation, qint64 messageId);
    // Hands over everything that has changed.
    void saveAll();

private:
    HistoryThread& m_history;
    StorageTrouble& m_trouble;
    QTimer m_timer;
    QHash<qint64, std::shared_ptr<Conversation>> m_changed;  // by message
};

}  // namespace apertura
