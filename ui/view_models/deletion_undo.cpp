#include "ui/view_models/deletion_undo.h"

#include <chrono>

#include "ui/view_models/text_direction.h"

namespace apertura {

using namespace std::chrono_literals;

DeletionUndo::DeletionUndo(ChatService& service, QObject* parent)
    : QObject(parent), m_service(service) {
    m_timer.setSingleShot(true);
    m_timer.setInterval(10s);
    connect(&m_timer, &QTimer::timeout, this, &DeletionUndo::dismiss);
    connect(&service, &ChatService::conversationDeleted, this, &DeletionUndo::offer);
}

void DeletionUndo::undo() {
    const qint64 id = m_id;
    dismiss();
    if (id != 0) {
        m_service.restoreConversation(id);
    }
}

void DeletionUndo::dismiss() {
    m_timer.stop();
    m_id = 0;
    Q_EMIT changed();
}

void DeletionUndo::offer(qint64 id, const QString& title) {
    m_id = id;
    m_title = withDirectionMark(title);
    m_timer.start();
    Q_EMIT changed();
}

}  // namespace apertura
