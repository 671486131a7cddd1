// The conversations that are stored, and the one way to change which there are, what they are
// called and which messages they have.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <QHash>
#include <QObject>
#include <QSet>
#include <QTimer>

#include "app/conversation/conversation.h"
#include "app/conversation/storage_trouble.h"
#include "app/history/history_thread.h"

namespace apertura {

// Threads: the UI thread only. What is changed in memory is posted to the history in that order.
class ConversationList : public QObject {
    Q_OBJECT

public:
    using Added = std::function<void(const Result<qint64>& messageId)>;

    ConversationList(HistoryThread& history, StorageTrouble& trouble, std::function<qint64()> nowMs,
                     QObject* parent = nullptr);

    // Marks answers that a crash cut off, forgets what was deleted long ago, and reads the list.
    void load(std::function<void()> done);

    // Newest first.
    const std::vector<std::shared_ptr<ConversationRecord>>& records() const { return m_records; }
    std::shared_ptr<ConversationRecord> find(qint64 id) const;  // null where there is none

    // Stores `message` and puts it into the tree as the one that is shown. Stores the conversation
    // first where it is new. `done` hears the message's id; after an error nothing has changed.
    void addMessage(const std::shared_ptr<Conversation>& conversation, MessageRecord message,
                    Added done);

    // The record was changed in memory; it is on disk a moment later, or when that is possible.
    void save(qint64 id);
    void rename(qint64 id, const QString& title);
    void remove(qint64 id);
    void restore(qint64 id);
    // Posts what save() still holds back.
    void flush();

Q_SIGNALS:
    void changed();
    void removed(qint64 id, const QString& title);
    void restored(qint64 id);
    void problem(const QString& sentence);

private:
    void messageAdded(const std::shared_ptr<Conversation>& conversation, MessageRecord message,
                      qint64 conversationId, qint64 messageId);
    void sort();
    void reportUnless(const Result<void>& result);

    HistoryThread& m_history;
    StorageTrouble& m_trouble;
    std::function<qint64()> m_nowMs;
    std::vector<std::shared_ptr<ConversationRecord>> m_records;
    QHash<qint64, std::shared_ptr<ConversationRecord>> m_removed;  // can be restored
    QSet<qint64> m_unsaved;
    // Messages under way to disk, by conversation: saving a record before they have arrived would
    // set the conversation back to the message that was shown before.
    QHash<qint64, int> m_adding;
    QTimer m_saveTimer;
};

}  // namespace apertura
