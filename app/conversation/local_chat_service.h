// ChatService with the engine in this process and the history on this disk.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include <QHash>
#include <QSet>

#include "app/conversation/answer_pipeline.h"
#include "app/conversation/chat_service.h"
#include "app/conversation/conversation_list.h"
#include "app/conversation/draft_saver.h"
#include "app/conversation/live_readouts.h"
#include "app/conversation/message_saver.h"
#include "app/conversation/model_loader.h"
#include "app/conversation/shown_turns.h"
#include "app/engine_thread/engine_thread.h"
#include "app/history/history_thread.h"
#include "app/settings/settings.h"

namespace apertura {

struct LocalChatOptions {
    std::function<qint64()> nowMs;  // the clock; none = the system's
    int saveIntervalMs = 1000;      // of what is being written, by either side
    QString appVersion;
    LoadOptions load;  // of every model
    // How an answer is signed; none = with the checkpoint's name.
    std::function<QString(const ModelInfo&)> modelName;
};

class LocalChatService : public ChatService {
    Q_OBJECT

public:
    // `history` and `settings` outlive it.
    LocalChatService(EngineFactory makeEngine, HistoryThread& history, Settings& settings,
                     const LocalChatOptions& options, QObject* parent = nullptr);
    ~LocalChatService() override;

    // Brings back the conversations and the one that was open last, and loads a model unless the
    // folder is empty. Call it once, when whoever listens is connected.
    void start(const QString& modelDirectory);
    // Whether the engine's thread has ended; after shutDown(). Where it has not, the program must
    // end without destroying statics.
    bool engineHasEnded() const { return m_engineHasEnded; }

    QVector<ConversationSummary> conversations() const override;
    qint64 currentConversation() const override { return m_open->id(); }
    void openConversation(qint64 id) override;
    void startConversation() override;
    void renameConversation(qint64 id, const QString& title) override;
    void deleteConversation(qint64 id) override;
    void restoreConversation(qint64 id) override { m_list.restore(id); }

    QVector<ChatTurn> turns() const override;
    QString systemPrompt() const override;
    void setSystemPrompt(const QString& text) override;
    SamplingOptions sampling() const override;
    void setSampling(const SamplingOptions& sampling) override;
    void resetSampling() override;
    bool samplingIsCustom() const override;
    ContextPolicy contextPolicy() const override;
    void setContextPolicy(ContextPolicy policy) override;

    void send(const QString& text) override;
    void stop() override;
    void stopRunning() override { m_pipeline.stopRunning(); }
    void withdraw(qint64 conversationId) override;
    void regenerate(qint64 messageId) override;
    void editMessage(qint64 messageId, const QString& text) override;
    void selectVersion(qint64 messageId, int version) override;
    void continueWithoutOldest() override;
    void keepDraft(const DraftRecord& draft) override { m_drafts.keep(draft); }
    qint64 countTokens(const QString& text) const override { return m_loader.countTokens(text); }

    ModelStatus model() const override { return m_loader.status(); }
    void loadModel(const QString& directory) override;
    void cancelLoading() override { m_loader.cancel(); }
    Readouts readouts() const override { return m_readouts.readouts(); }

    void shutDown() override;

private:
    void connectParts();
    void show(const std::shared_ptr<Conversation>& conversation);
    std::shared_ptr<Conversation> loaded(qint64 id) const;
    void conversationRemoved(qint64 id, const QString& title);
    void conversationRestored(qint64 id);
    void choose(const AnsweringChoices& choices);
    // Why nothing can be asked in the open conversation; empty where it can.
    QString obstacle() const;
    void addUserMessage(const MessageRecord& message);
    void userMessageAdded(const std::shared_ptr<Conversation>& conversation, const QString& text,
                          const Result<qint64>& id);
    void askAgain(qint64 messageId);
    QVector<qint64> turnIds() const;
    void answerTextChanged(qint64 conversationId, qint64 messageId);
    void answerEnded(qint64 conversationId, qint64 messageId);
    void waitingEnded(qint64 conversationId, qint64 messageId);
    void showContextUse();
    void modelLoaded();
    void modelRestored() {
        m_readouts.loadEnded(nullptr);
        Q_EMIT conversationSettingsChanged();
        m_pipeline.setModel(m_loader.model());
    }
    void modelNotLoaded(const QString& sentence);

    std::function<qint64()> m_nowMs;
    Settings& m_settings;
    HistoryThread& m_history;
    EngineThread m_engine;
    ModelLoader m_loader;
    StorageTrouble m_trouble;
    ConversationList m_list;
    MessageSaver m_saver;
    DraftSaver m_drafts;
    AnswerPipeline m_pipeline;
    LiveReadouts m_readouts;
    ShownTurns m_shown;

    std::shared_ptr<Conversation> m_open;  // id 0 = a new one
    qint64 m_wanted = 0;                   // is being read from disk, to be opened
    mutable QHash<qint64, std::weak_ptr<Conversation>> m_loaded;
    QSet<qint64> m_unread;
    qint64 m_deletedWhileOpen = 0;
    QSet<const Conversation*> m_sending;       // a message is on its way to disk
    QSet<const Conversation*> m_stopOnceSent;  // stop came before it got there

    bool m_isShutDown = false;
    bool m_engineHasEnded = false;
};

}  // namespace apertura
