#include "app/conversation/message_saver.h"

#include <utility>

namespace apertura {

MessageSaver::MessageSaver(HistoryThread& history, int intervalMs, QObject* parent)
    : QObject(parent), m_history(history) {
    m_timer.setSingleShot(true);
    m_timer.setTimerType(Qt::PreciseTimer);
    m_timer.setInterval(intervalMs);
    connect(&m_timer, &QTimer::timeout, this, &MessageSaver::saveAll);
}

void MessageSaver::touch(const std::shared_ptr<Conversation>& conversation, qint64 messageId) {
    m_changed.insert(messageId, conversation);
    if (!m_timer.isActive()) {
        m_timer.start();
    }
}

void MessageSaver::save(const std::shared_ptr<Conversation>& conversation, qint64 messageId) {
    m_changed.remove(messageId);
    const MessageRecord* message = conversation->find(messageId);
    CHECK(message);
    m_history.request<void>(
        [record = *message](HistoryStore& store) { return store.updateMessage(record); }, this,
        [this, conversation, messageId](const Result<void>& result) {
            tried(conversation, messageId, result);
        });
}

void MessageSaver::saveAll() {
    const auto changed = std::exchange(m_changed, {});
    for (auto entry = changed.cbegin(); entry != changed.cend(); ++entry) {
        save(entry.value(), entry.key());
    }
}

void MessageSaver::tried(const std::shared_ptr<Conversation>& conversation, qint64 messageId,
                         const Result<void>& result) {
    if (result) {
        m_isFailing = false;
        return;
    }
    if (result.error().code == ErrorCode::invalidRequest) {
        return;  // The message is gone: trying again changes nothing.
    }
    touch(conversation, messageId);
    if (!std::exchange(m_isFailing, true)) {
        Q_EMIT failing(QString::fromStdString(result.error().message));
    }
}

}  // namespace apertura
