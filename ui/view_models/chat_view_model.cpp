#include "ui/view_models/chat_view_model.h"

#include <QClipboard>
#include <QGuiApplication>

#include "ui/view_models/text_direction.h"

namespace apertura {

ChatViewModel::ChatViewModel(ChatService& service, Settings& settings, ModelLibrary& library,
                             QObject* parent)
    : QObject(parent),
      m_service(service),
      m_settings(settings),
      m_messages(service),
      m_conversations(service),
      m_models(service, library),
      m_sampling(service),
      m_status(service),
      m_theme(settings),
      m_window(settings),
      m_draft(service),
      m_deletionUndo(service) {
    connect(&service, &ChatService::currentConversationChanged, this,
            &ChatViewModel::conversationChanged);
    connect(&service, &ChatService::currentConversationChanged, this, &ChatViewModel::titleChanged);
    connect(&service, &ChatService::conversationsChanged, this, &ChatViewModel::titleChanged);
    connect(&m_messages, &MessageModel::answeringChanged, this, &ChatViewModel::answeringChanged);
    connect(&service, &ChatService::conversationSettingsChanged, this,
            &ChatViewModel::conversationSettingsChanged);
    connect(&service, &ChatService::modelChanged, this, &ChatViewModel::modelChanged);
    connect(&service, &ChatService::problem, this, &ChatViewModel::setProblem);
    connect(&service, &ChatService::sendFailed, this,
            [this](const QString&, const QString& sentence) { setProblem(sentence); });
}

QString ChatViewModel::title() const {
    const qint64 current = m_service.currentConversation();
    return current == 0 ? tr("New chat") : withDirectionMark(m_conversations.titleOf(current));
}

void ChatViewModel::setSystemPrompt(const QString& text) {
    if (text != m_service.systemPrompt()) {
        m_service.setSystemPrompt(text);
    }
}

bool ChatViewModel::dropsOldestTurns() const {
    return m_service.contextPolicy() == ContextPolicy::dropOldestTurns;
}

void ChatViewModel::setDropsOldestTurns(bool drops) {
    m_service.setContextPolicy(drops ? ContextPolicy::dropOldestTurns : ContextPolicy::stop);
}

bool ChatViewModel::isModelLoading() const {
    return m_service.model().phase == ModelPhase::loading;
}

QString ChatViewModel::modelProblem() const {
    const ModelStatus status = m_service.model();
    switch (status.phase) {
        case ModelPhase::none:
            return tr("No model is loaded: choose one in the panel on the side, or add a folder.");
        case ModelPhase::failed:
            return status.error;
        case ModelPhase::loading:
        case ModelPhase::ready:
            break;
    }
    return QString();
}

// Recorded as answered truly in expected_chat.json of the demonstration model.
QStringList ChatViewModel::examples() const {
    return {QStringLiteral("Nenne die Wochentage auf Rätoromanisch."),
            QStringLiteral("ما عملة هذا البلد: روسيا؟"),
            QStringLiteral("请用波斯语列出一年的月份。")};
}

void ChatViewModel::newConversation() {
    m_service.startConversation();
}

void ChatViewModel::openNeighbour(int step) {
    if (const qint64 id = m_conversations.neighbour(step); id != 0) {
        m_service.openConversation(id);
    }
}

void ChatViewModel::ask(const QString& question) {
    m_service.send(question);
}

void ChatViewModel::stop() {
    m_service.stop();
}

void ChatViewModel::regenerate(qint64 messageId) {
    m_service.regenerate(messageId);
}

void ChatViewModel::regenerateLast() {
    const ChatTurn* last = m_messages.last();
    if (last && !isAnswering()) {
        m_service.regenerate(last->id);
    }
}

void ChatViewModel::selectVersion(qint64 messageId, int version) {
    const ChatTurn* turn = m_messages.turnWithId(messageId);
    if (turn && version >= 1 && version <= turn->versionCount) {
        m_service.selectVersion(messageId, version);
    }
}

void ChatViewModel::continueWithoutOldest() {
    m_service.continueWithoutOldest();
}

void ChatViewModel::retryModel() {
    m_service.loadModel(m_service.model().path);
}

void ChatViewModel::copy(const QString& text) {
    QGuiApplication::clipboard()->setText(text);
}

void ChatViewModel::copyLastAnswer() {
    if (const ChatTurn* answer = m_messages.lastAnswer()) {
        copy(answer->text);
    }
}

void ChatViewModel::dismissProblem() {
    setProblem(QString());
}

void ChatViewModel::close(const QRect& geometry, bool maximized) {
    m_window.store(geometry, maximized);
    m_service.shutDown();
    m_settings.sync();
}

void ChatViewModel::setProblem(const QString& sentence) {
    if (m_problem != sentence) {
        m_problem = sentence;
        Q_EMIT problemChanged();
    }
}

}  // namespace apertura
