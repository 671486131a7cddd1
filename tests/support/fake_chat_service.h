// A scripted `ChatService` for the window: conversations in memory, answers that stream by a timer,
// failures on demand. Signals come in the order of the real one.
#pragma once

#include <QStringList>
#include <QTimer>

#include "app/conversation/chat_service.h"

namespace apertura::test {

class FakeChatService : public ChatService {
    Q_OBJECT

public:
    explicit FakeChatService(QObject* parent = nullptr);

    // ---- what the test lays down
    // The next answers, in order; when all are used, "You said: .." answers.
    void addAnswer(const QString& text);
    void setChunk(int characters, int intervalMs);  // of streaming
    void failNextSend(const QString& sentence);
    void failNextAnswer(const QString& sentence);
    // German, Arabic, Hindi and Chinese, over several days, the first one open.
    void addSampleConversations();
    qint64 addConversation(const QString& title, const QStringList& userAndAnswerInTurn,
                           int daysAgo);
    void setMarks(qint64 id, bool answering, int queuePosition, bool unread);
    void setModelStatus(const ModelStatus& status);
    void setReadouts(const Readouts& readouts);
    void setTurnState(int index, MessageState state, const QString& error);
    void addVersion(int index, const QString& text);  // of one turn, and shows it
    void finishNow();                                 // the rest of the running answer at once
    void loseAnswer();  // the running answer could not be stored: its question stands alone

    // ---- what the test asks
    QStringList sent() const { return m_sent; }
    QStringList loads() const { return m_loads; }
    bool isShutDown() const { return m_isShutDown; }
    QVector<DraftRecord> drafts() const { return m_drafts; }  // as a restart would find them
    bool isStreaming() const { return m_timer.isActive(); }

    // ---- ChatService
    QVector<ConversationSummary> conversations() const override;
    qint64 currentConversation() const override { return m_current; }
    void openConversation(qint64 id) override;
    void startConversation() override;
    void renameConversation(qint64 id, const QString& title) override;
    void deleteConversation(qint64 id) override;
    void restoreConversation(qint64 id) override;
    QVector<ChatTurn> turns() const override;
    QString systemPrompt() const override { return m_systemPrompt; }
    void setSystemPrompt(const QString& text) override;
    SamplingOptions sampling() const override { return m_sampling; }
    void setSampling(const SamplingOptions& sampling) override;
    void resetSampling() override;
    bool samplingIsCustom() const override { return m_samplingIsCustom; }
    ContextPolicy contextPolicy() const override { return m_contextPolicy; }
    void setContextPolicy(ContextPolicy policy) override;
    void send(const QString& text) override;
    void stop() override;
    void stopRunning() override;
    void withdraw(qint64 conversationId) override;
    void regenerate(qint64 messageId) override;
    void editMessage(qint64 messageId, const QString& text) override;
    void selectVersion(qint64 messageId, int version) override;
    void continueWithoutOldest() override;
    void keepDraft(const DraftRecord& draft) override;
    qint64 countTokens(const QString& text) const override;
    ModelStatus model() const override { return m_model; }
    void loadModel(const QString& directory) override;
    void cancelLoading() override;
    Readouts readouts() const override { return m_readouts; }
    void shutDown() override { m_isShutDown = true; }

private:
    // One place on the path, with its versions.
    struct Slot {
        QVector<ChatTurn> versions;
        int shown = 0;
    };
    struct Conversation {
        ConversationSummary summary;
        QVector<Slot> path;
        bool deleted = false;
    };

    Conversation* find(qint64 id);
    const Conversation* find(qint64 id) const;
    Conversation& storedCurrent(const QString& title);
    ChatTurn newTurn(Role role, const QString& text);
    void beginAnswer(Conversation& conversation, bool isNewSlot);
    void streamChunk();
    void finishAnswer(MessageState state);
    int slotOf(const Conversation& conversation, qint64 messageId) const;

    QVector<Conversation> m_conversations;
    qint64 m_current = 0;
    qint64 m_nextId = 1;
    qint64 m_answeringConversation = 0;
    QStringList m_answers;
    QString m_streaming;
    qsizetype m_streamed = 0;
    int m_chunk = 6;
    QString m_sendFailure;
    QString m_answerFailure;
    QString m_systemPrompt;
    SamplingOptions m_sampling;
    bool m_samplingIsCustom = false;
    ContextPolicy m_contextPolicy = ContextPolicy::stop;
    ModelStatus m_model;
    Readouts m_readouts;
    QVector<DraftRecord> m_drafts;
    QStringList m_sent;
    QStringList m_loads;
    bool m_isShutDown = false;
    QTimer m_timer;
};

}  // namespace apertura::test
