#include "ui/view_models/draft.h"

#include <chrono>
#include <utility>

#include "ui/view_models/turn_text.h"

namespace apertura {

using namespace std::chrono_literals;

Draft::Draft(ChatService& service, QObject* parent)
    : QObject(parent), m_service(service), m_conversation(service.currentConversation()) {
    m_countTimer.setSingleShot(true);
    m_countTimer.setInterval(150ms);  // a pause in typing
    connect(&m_countTimer, &QTimer::timeout, this, &Draft::countTokens);
    connect(&service, &ChatService::draftsRead, this, &Draft::restore);
    connect(&service, &ChatService::conversationStored, this, &Draft::takeStored);
    connect(&service, &ChatService::currentConversationChanged, this, &Draft::switchConversation);
    connect(&service, &ChatService::sendFailed, this, &Draft::takeBack);
    connect(&service, &ChatService::turnsReset, this, &Draft::sendableChanged);
    connect(&service, &ChatService::turnAppended, this, &Draft::sendableChanged);
    connect(&service, &ChatService::turnChanged, this, &Draft::sendableChanged);
    connect(&service, &ChatService::modelChanged, this, [this] {
        countTokens();
        Q_EMIT sendableChanged();
    });
}

void Draft::setText(const QString& text) {
    if (m_text != text) {
        show(text);
        keep();
    }
}

void Draft::show(const QString& text) {
    if (m_text == text) {
        return;
    }
    m_text = text;
    m_countTimer.start();
    Q_EMIT textChanged();
    Q_EMIT sendableChanged();
}

QString Draft::tokens() const {
    return m_tokenCount > 0 ? tr("Tokens: %L1").arg(m_tokenCount) : QString();
}

bool Draft::isSendable() const {
    const ModelPhase phase = m_service.model().phase;
    const QVector<ChatTurn> turns = m_service.turns();
    const bool isAnswering = !turns.isEmpty() && isBeingAnswered(turns.last());
    return !m_text.trimmed().isEmpty() && !isAnswering &&
           (phase == ModelPhase::ready || phase == ModelPhase::loading);
}

void Draft::send() {
    if (!isSendable()) {
        return;
    }
    const QString text = m_text;
    if (isEditing()) {
        const qint64 message = m_edit.message;
        endEditing();
        m_service.editMessage(message, text);
        return;
    }
    setText(QString());
    m_service.send(text);
}

void Draft::beginEditing(qint64 messageId, const QString& text) {
    if (!isEditing()) {
        m_edit.textBefore = m_text;
    }
    m_edit.message = messageId;
    show(text);
    keep();
    Q_EMIT editingChanged();
}

void Draft::cancelEditing() {
    if (isEditing()) {
        endEditing();
    }
}

void Draft::endEditing() {
    show(std::exchange(m_edit, Edit()).textBefore);
    keep();
    Q_EMIT editingChanged();
}

// An empty one clears what was kept.
void Draft::keep() {
    const DraftRecord record =
        isEditing() ? DraftRecord{m_conversation, m_edit.textBefore, m_edit.message, m_text}
                    : DraftRecord{m_conversation, m_text, 0, {}};
    m_service.keepDraft(record);
}

// Those of when the program ended. What was typed since stands after them.
void Draft::restore(const QVector<DraftRecord>& drafts) {
    for (const DraftRecord& draft : drafts) {
        const Edit edit{draft.editedMessage, draft.editedMessage != 0 ? draft.text : QString()};
        const QString text = edit.message != 0 ? draft.editText : draft.text;
        if (draft.conversationId != m_conversation) {
            m_kept.insert(draft.conversationId, Kept{text, edit});
        } else if (edit.message == 0) {
            takeBack(text);
        }
    }
}

// The new conversation has an id now, and with it what was typed meanwhile.
void Draft::takeStored(qint64 id) {
    m_service.keepDraft({m_conversation, {}, 0, {}});
    m_conversation = id;
    keep();
}

void Draft::switchConversation() {
    const qint64 now = m_service.currentConversation();
    if (now == m_conversation) {
        return;
    }
    const bool wasEditing = isEditing();
    m_kept.insert(m_conversation, Kept{m_text, m_edit});
    const Kept kept = m_kept.take(now);
    m_conversation = now;
    m_edit = kept.edit;
    show(kept.text);
    if (wasEditing != isEditing()) {
        Q_EMIT editingChanged();
    }
}

// Nothing that was typed since is lost.
void Draft::takeBack(const QString& text) {
    setText(m_text.isEmpty() || m_text == text ? text : text + u'\n' + m_text);
}

void Draft::countTokens() {
    const qint64 count = m_text.isEmpty() ? 0 : m_service.countTokens(m_text);
    if (count != m_tokenCount) {
        m_tokenCount = count;
        Q_EMIT tokensChanged();
    }
}

}  // namespace apertura
