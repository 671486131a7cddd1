// The root of everything QML sees: owns the view models and carries out what the window's controls
// ask for. Handed to Main.qml as its required property.
#pragma once

#include <QObject>
#include <QString>
#include <QStringList>
#include <QtQml/qqmlregistration.h>

#include "app/conversation/chat_service.h"
#include "app/settings/model_library.h"
#include "app/settings/settings.h"
#include "ui/view_models/conversation_list_model.h"
#include "ui/view_models/deletion_undo.h"
#include "ui/view_models/draft.h"
#include "ui/view_models/link_request.h"
#include "ui/view_models/message_model.h"
#include "ui/view_models/model_list_model.h"
#include "ui/view_models/sampling_view_model.h"
#include "ui/view_models/status_view_model.h"
#include "ui/view_models/theme_state.h"
#include "ui/view_models/window_state.h"

namespace apertura {

class ChatViewModel : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Made by main.cpp")
    Q_PROPERTY(apertura::MessageModel* messages READ messages CONSTANT)
    Q_PROPERTY(apertura::ConversationListModel* conversations READ conversations CONSTANT)
    Q_PROPERTY(apertura::ModelListModel* models READ models CONSTANT)
    Q_PROPERTY(apertura::SamplingViewModel* sampling READ sampling CONSTANT)
    Q_PROPERTY(apertura::StatusViewModel* status READ status CONSTANT)
    Q_PROPERTY(apertura::ThemeState* theme READ theme CONSTANT)
    Q_PROPERTY(apertura::WindowState* window READ window CONSTANT)
    Q_PROPERTY(apertura::Draft* draft READ draft CONSTANT)
    Q_PROPERTY(apertura::DeletionUndo* deletionUndo READ deletionUndo CONSTANT)
    Q_PROPERTY(apertura::LinkRequest* link READ link CONSTANT)

    Q_PROPERTY(qint64 conversation READ conversation NOTIFY conversationChanged)  // 0 = a new one
    Q_PROPERTY(QString title READ title NOTIFY titleChanged)             // of the open conversation
    Q_PROPERTY(bool answering READ isAnswering NOTIFY answeringChanged)  // here, or queued
    Q_PROPERTY(QString systemPrompt READ systemPrompt WRITE setSystemPrompt NOTIFY
                   conversationSettingsChanged)
    // At a full context: false ends the answer, true goes on without the oldest turns.
    Q_PROPERTY(bool dropsOldestTurns READ dropsOldestTurns WRITE setDropsOldestTurns NOTIFY
                   conversationSettingsChanged)
    Q_PROPERTY(bool modelLoading READ isModelLoading NOTIFY modelChanged)
    // Why there is no model to talk to: one sentence; empty while one is there or being loaded.
    Q_PROPERTY(QString modelProblem READ modelProblem NOTIFY modelChanged)
    // Something that failed and belongs to no message: one sentence; empty = nothing.
    Q_PROPERTY(QString problem READ problem NOTIFY problemChanged)
    // Questions that the demonstration model answers truly, in three scripts.
    Q_PROPERTY(QStringList examples READ examples CONSTANT)

public:
    // Threads: the UI thread. All three outlive the view model.
    ChatViewModel(ChatService& service, Settings& settings, ModelLibrary& library,
                  QObject* parent = nullptr);

    MessageModel* messages() { return &m_messages; }
    ConversationListModel* conversations() { return &m_conversations; }
    ModelListModel* models() { return &m_models; }
    SamplingViewModel* sampling() { return &m_sampling; }
    StatusViewModel* status() { return &m_status; }
    ThemeState* theme() { return &m_theme; }
    WindowState* window() { return &m_window; }
    Draft* draft() { return &m_draft; }
    DeletionUndo* deletionUndo() { return &m_deletionUndo; }
    LinkRequest* link() { return &m_link; }

    qint64 conversation() const { return m_service.currentConversation(); }
    QString title() const;
    bool isAnswering() const { return m_messages.isAnswering(); }
    QString systemPrompt() const { return m_service.systemPrompt(); }
    void setSystemPrompt(const QString& text);
    bool dropsOldestTurns() const;
    void setDropsOldestTurns(bool drops);
    bool isModelLoading() const;
    QString modelProblem() const;
    QString problem() const { return m_problem; }
    QStringList examples() const;

    Q_INVOKABLE void newConversation();
    Q_INVOKABLE void openNeighbour(int step);
    Q_INVOKABLE void ask(const QString& question);
    Q_INVOKABLE void stop();
    Q_INVOKABLE void regenerate(qint64 messageId);
    Q_INVOKABLE void regenerateLast();
    Q_INVOKABLE void selectVersion(qint64 messageId, int version);
    Q_INVOKABLE void continueWithoutOldest();
    Q_INVOKABLE void retryModel();
    Q_INVOKABLE void copy(const QString& text);
    Q_INVOKABLE void copyLastAnswer();
    Q_INVOKABLE void dismissProblem();
    // Saves everything and stops the engine; for the closing window.
    Q_INVOKABLE void close(const QRect& geometry, bool maximized);

Q_SIGNALS:
    void conversationChanged();
    void titleChanged();
    void answeringChanged();
    void conversationSettingsChanged();
    void modelChanged();
    void problemChanged();

private:
    void setProblem(const QString& sentence);

    ChatService& m_service;
    Settings& m_settings;
    MessageModel m_messages;
    ConversationListModel m_conversations;
    ModelListModel m_models;
    SamplingViewModel m_sampling;
    StatusViewModel m_status;
    ThemeState m_theme;
    WindowState m_window;
    Draft m_draft;
    DeletionUndo m_deletionUndo;
    LinkRequest m_link;
    QString m_problem;
};

}  // namespace apertura
