#include "app/conversation/message_saver.h"

#include <utility>

namespace apertura {

MessageSaver::MessageSaver(HistoryThread& history, StorageTrouble& trouble, int intervalMs,
                           QObject* parent)
    : QObject(parent), m_history(history), m_trouble(trouble) {
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
            if (m_trouble.failed(result)) {
                touch(conversation, messageId);
            }
        });
}

void MessageSaver::saveAll() {
    const auto changed = std::exchange(m_changed, {});
    for (auto entry = changed.cbegin(); entry != changed.cend(); ++entry) {
        save(entry.value(), entry.key());
    }
}

}  // namespace apertura
