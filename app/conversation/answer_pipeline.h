// The way of an answer: asked for, waiting, stored as partial, written by the engine, ended.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include <QObject>
#include <QString>

#include "app/conversation/conversation_list.h"
#include "app/conversation/message_saver.h"
#include "app/conversation/request_queue.h"
#include "app/engine_thread/engine_thread.h"

namespace apertura {

struct AnswerPipelineOptions {
    std::function<qint64()> nowMs;
    QString appVersion;
    std::function<QString(const ModelInfo&)> modelName;  // as answers are signed
};

// One answer is written at a time; the others wait in a queue. Every answer that was asked for
// leaves a message, also one that was withdrawn (as `stopped`), so that it can be asked for again.
// Threads: the UI thread only.
class AnswerPipeline : public QObject {
    Q_OBJECT

public:
    AnswerPipeline(EngineThread& engine, ConversationList& list, MessageSaver& saver,
                   AnswerPipelineOptions options, QObject* parent = nullptr);

    // The model that answers from now on; null while there is none, then requests wait. What is
    // being written is not touched.
    void setModel(std::shared_ptr<const Model> model);

    // Requires: !isBusy(conversation->id()); `parentId` is a user's message on disk.
    void ask(const std::shared_ptr<Conversation>& conversation, qint64 parentId);
    // Stops the answer of a conversation, or withdraws it where it has not begun.
    void stop(qint64 conversationId);
    // Stops the answer that is being written, where there is one.
    void stopRunning();
    // Every request that waits fails with this sentence.
    void failWaiting(const QString& sentence);

    bool isBusy(qint64 conversationId) const;
    bool isAnswering(qint64 conversationId) const;
    int queuePosition(qint64 conversationId) const { return m_queue.positionOf(conversationId); }
    // The answer that is shown before it is stored.
    std::optional<AwaitedAnswer> awaited(qint64 conversationId) const;

    // Ends everything; what is written so far is handed to the history. False: the engine did not
    // stop in time.
    bool shutDown(int timeoutMs);

Q_SIGNALS:
    void activityChanged();  // who answers, who waits
    void answerBegan();
    void answerStopping();
    void answerProgressed(const apertura::AnswerProgress& progress);
    void answerTextChanged(qint64 conversationId, qint64 messageId);
    // One that had begun; `messageId` is 0 where it could not even be stored.
    void answerEnded(qint64 conversationId, qint64 messageId);
    // One that waited and will not begin; `messageId` as above.
    void waitingEnded(qint64 conversationId, qint64 messageId);
    void problem(const QString& sentence);

private:
    struct Active {
        AnswerJob job;
        qint64 answerId = 0;  // 0 until it is on disk
        bool submitted = false;
        bool stopWanted = false;
        std::optional<QString> failure;  // what kept it from being submitted
        Provenance provenance;
    };
    struct Ending {
        MessageState state = MessageState::complete;
        QString error;
    };

    void beginNext();
    void begun(const Result<qint64>& answerId);
    void submit();
    void progress(const AnswerProgress& progress);
    void engineEnded(const AnswerEnd& end);
    Ending endingOf(const AnswerEnd& end) const;
    void finish(const Ending& ending, const std::optional<Generation>& generation);
    void storeUnbegun(const AnswerJob& job, const Ending& ending);
    MessageRecord blankAnswer(const AnswerJob& job) const;
    MessageState cancelledState() const;

    EngineThread& m_engine;
    ConversationList& m_list;
    MessageSaver& m_saver;
    AnswerPipelineOptions m_options;
    std::shared_ptr<const Model> m_model;
    RequestQueue m_queue;
    std::optional<Active> m_active;
    quint64 m_lastJobId = 0;
    bool m_shuttingDown = false;
};

}  // namespace apertura
