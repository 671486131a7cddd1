#include "app/conversation/conversation_list.h"

#include <algorithm>
#include <utility>

namespace apertura {

namespace {

// Typing into the system prompt changes the record with every key.
constexpr int kSaveDelayMs = 300;

// How long a deleted conversation is kept, should it turn out to be missed.
constexpr qint64 kKeepDeletedMs = 24LL * 60 * 60 * 1000;

struct StoredIds {
    qint64 conversation = 0;
    qint64 message = 0;
};

// Stores a message, and its conversation where that is new.
Result<StoredIds> store(HistoryStore& history, const ConversationRecord& conversation,
                        MessageRecord message) {
    StoredIds ids{conversation.id, 0};
    if (ids.conversation == 0) {
        const Result<qint64> added = history.addConversation(conversation);
        if (!added) {
            return added.error();
        }
        ids.conversation = *added;
    }
    message.conversationId = ids.conversation;
    const Result<qint64> added = history.addMessage(message);
    if (!added) {
        if (conversation.id == 0) {
            static_cast<void>(history.deleteConversation(ids.conversation, conversation.createdMs));
        }
        return added.error();
    }
    ids.message = *added;
    return ids;
}

Result<std::vector<ConversationRecord>> startUp(HistoryStore& history, qint64 nowMs) {
    if (const Result<int> marked = history.markInterrupted(); !marked) {
        return marked.error();
    }
    if (const Result<void> purged = history.purgeDeleted(nowMs - kKeepDeletedMs); !purged) {
        return purged.error();
    }
    return history.conversations();
}

}  // namespace

ConversationList::ConversationList(HistoryThread& history, StorageTrouble& trouble,
                                   std::function<qint64()> nowMs, QObject* parent)
    : QObject(parent), m_history(history), m_trouble(trouble), m_nowMs(std::move(nowMs)) {
    m_saveTimer.setSingleShot(true);
    m_saveTimer.setInterval(kSaveDelayMs);
    connect(&m_saveTimer, &QTimer::timeout, this, &ConversationList::flush);
}

void ConversationList::load(std::function<void()> done) {
    using Records = std::vector<ConversationRecord>;
    m_history.request<Records>(
        [nowMs = m_nowMs()](HistoryStore& history) { return startUp(history, nowMs); }, this,
        [this, done = std::move(done)](const Result<Records>& records) {
            if (!records) {
                Q_EMIT problem(QString::fromStdString(records.error().message));
            } else {
                for (const ConversationRecord& record : *records) {
                    m_records.push_back(std::make_shared<ConversationRecord>(record));
                }
                sort();
                Q_EMIT changed();
            }
            done();
        });
}

std::shared_ptr<ConversationRecord> ConversationList::find(qint64 id) const {
    for (const std::shared_ptr<ConversationRecord>& record : m_records) {
        if (record->id == id) {
            return record;
        }
    }
    return nullptr;
}

void ConversationList::addMessage(const std::shared_ptr<Conversation>& conversation,
                                  MessageRecord message, Added done) {
    const qint64 knownId = conversation->id();
    if (knownId != 0) {
        ++m_adding[knownId];
    }
    m_history.request<StoredIds>(
        [record = conversation->record(), message](HistoryStore& history) {
            return store(history, record, message);
        },
        this,
        [this, conversation, message, knownId,
         done = std::move(done)](const Result<StoredIds>& ids) {
            if (knownId != 0 && --m_adding[knownId] == 0) {
                m_adding.remove(knownId);
            }
            if (ids) {
                messageAdded(conversation, message, ids->conversation, ids->message);
            }
            if (!m_unsaved.isEmpty()) {
                m_saveTimer.start();
            }
            done(ids ? Result<qint64>(ids->message) : Result<qint64>(ids.error()));
        });
}

void ConversationList::messageAdded(const std::shared_ptr<Conversation>& conversation,
                                    MessageRecord message, qint64 conversationId,
                                    qint64 messageId) {
    ConversationRecord& record = conversation->record();
    if (record.id == 0) {
        record.id = conversationId;
        m_records.push_back(conversation->sharedRecord());
        // Choices may have been made while the conversation was on its way.
        save(conversationId);
    }
    message.id = messageId;
    message.conversationId = conversationId;
    conversation->add(message);
    record.updatedMs = std::max(record.updatedMs, message.createdMs);
    sort();
    Q_EMIT changed();
}

void ConversationList::save(qint64 id) {
    m_unsaved.insert(id);
    m_saveTimer.start();
}

void ConversationList::rename(qint64 id, const QString& title) {
    const std::shared_ptr<ConversationRecord> record = find(id);
    if (!record || title.isEmpty()) {
        return;
    }
    record->title = title;
    save(id);
    Q_EMIT changed();
}

void ConversationList::remove(qint64 id) {
    if (!find(id)) {
        return;
    }
    flush();
    m_history.request<void>(
        [id, nowMs = m_nowMs()](HistoryStore& history) {
            return history.deleteConversation(id, nowMs);
        },
        this,
        [this, id](const Result<void>& result) {
            const std::shared_ptr<ConversationRecord> record = find(id);
            reportUnless(result);
            if (!result || !record) {
                return;
            }
            std::erase(m_records, record);
            m_removed.insert(id, record);
            Q_EMIT changed();
            Q_EMIT removed(id, record->title);
        });
}

void ConversationList::restore(qint64 id) {
    if (!m_removed.contains(id)) {
        return;
    }
    m_history.request<void>([id](HistoryStore& history) { return history.restoreConversation(id); },
                            this,
                            [this, id](const Result<void>& result) {
                                reportUnless(result);
                                if (!result || !m_removed.contains(id)) {
                                    return;
                                }
                                m_records.push_back(m_removed.take(id));
                                sort();
                                Q_EMIT changed();
                                Q_EMIT restored(id);
                            });
}

void ConversationList::flush() {
    const QSet<qint64> unsaved = std::exchange(m_unsaved, {});
    for (const qint64 id : unsaved) {
        const std::shared_ptr<ConversationRecord> record = find(id);
        if (!record) {
            continue;
        }
        if (m_adding.contains(id)) {
            m_unsaved.insert(id);
            continue;
        }
        m_history.request<void>(
            [copy = *record](HistoryStore& history) { return history.updateConversation(copy); },
            this,
            [this, id](const Result<void>& result) {
                if (m_trouble.failed(result)) {
                    save(id);
                }
            });
    }
}

void ConversationList::sort() {
    std::stable_sort(m_records.begin(), m_records.end(), [](const auto& left, const auto& right) {
        return left->updatedMs != right->updatedMs ? left->updatedMs > right->updatedMs
                                                   : left->id > right->id;
    });
}

void ConversationList::reportUnless(const Result<void>& result) {
    if (!result) {
        Q_EMIT problem(QString::fromStdString(result.error().message));
    }
}

}  // namespace apertura
