// The application as the window sees it: conversations, the open one's turns, the model, and what
// can be done with them. View models of ui/ talk to this class and to Settings and ModelLibrary,
// and to nothing below.
#pragma once

#include <memory>
#include <optional>

#include <QObject>
#include <QString>
#include <QVector>

#include "app/history/history_store.h"
#include "inference/engine.h"

namespace apertura {

struct ConversationSummary {
    qint64 id = 0;
    QString title;
    qint64 updatedMs = 0;
    bool answering = false;  // an answer is being written here
    int queuePosition = 0;   // 1 = next in line; 0 = nothing is waiting here
    bool unread = false;     // an answer ended here while another conversation was open
};

// One message of the path that is shown, with its versions (siblings).
struct ChatTurn {
    qint64 id = 0;  // 0 = a queued answer, which is stored only when it begins
    Role role = Role::user;
    QString text;
    QString thoughts;
    MessageState state = MessageState::complete;
    bool queued = false;  // an answer that waits for the engine
    QString error;
    int version = 1;  // 1-based
    int versionCount = 1;
    QString modelName;
    qint64 createdMs = 0;
    std::optional<Metrics> metrics;  // of a finished answer
    QString finishReason;  // "stop", "length", "context", "cancelled"; empty while unknown
    quint64 seed = 0;
};

enum class ModelPhase { none, loading, ready, failed };

struct ModelStatus {
    ModelPhase phase = ModelPhase::none;
    QString path;  // of the checkpoint asked for
    qint64 bytesDone = 0;
    qint64 bytesTotal = 0;  // 0 while unknown
    QString error;          // one sentence where phase is `failed`
    ModelInfo info;         // where phase is `ready`
};

// `preparing` is the first part of a load, where there is one (Phase).
enum class ActivityPhase { idle, preparing, loading, readingPrompt, writing, stopping };

// Live figures for the status bar; a negative number is unknown.
struct Readouts {
    ActivityPhase phase = ActivityPhase::idle;
    qint64 phaseStartedMs = 0;
    qint64 done = 0;  // tokens read, or bytes loaded
    qint64 total = 0;
    double prefillTokensPerSecond = -1;
    double decodeTokensPerSecond = -1;
    double timeToFirstTokenSeconds = -1;
    qint64 weightBytes = -1;  // on a GPU what of them is there
    qint64 kvBytes = -1;
    qint64 scratchBytes = -1;
    qint64 deviceMemoryUsedBytes = -1;
    qint64 deviceMemoryTotalBytes = -1;
    qint64 deviceMemoryOwnBytes = -1;  // of the used ones, the model's and its sessions'
    bool deviceIsGpu = false;
    qint64 contextUsed = -1;
    qint64 contextSize = -1;
};

// Threads: the UI thread only. Nothing here blocks: the engine and the history have threads of
// their own, and signals say when something has changed.
class ChatService : public QObject {
    Q_OBJECT

public:
    explicit ChatService(QObject* parent = nullptr) : QObject(parent) {}

    // -- conversations
    virtual QVector<ConversationSummary> conversations() const = 0;  // newest first
    virtual qint64 currentConversation() const = 0;  // 0 = a new one, not yet stored
    virtual void openConversation(qint64 id) = 0;
    virtual void startConversation() = 0;  // an empty one, stored with its first message
    virtual void renameConversation(qint64 id, const QString& title) = 0;
    virtual void deleteConversation(qint64 id) = 0;  // stops or withdraws what runs there
    virtual void restoreConversation(qint64 id) = 0;

    // -- the open conversation
    virtual QVector<ChatTurn> turns() const = 0;  // from the first message to the current leaf
    virtual QString systemPrompt() const = 0;
    virtual void setSystemPrompt(const QString& text) = 0;
    virtual SamplingOptions sampling() const = 0;
    virtual void setSampling(const SamplingOptions& sampling) = 0;
    virtual void resetSampling() = 0;  // back to the model's recommended values
    virtual bool samplingIsCustom() const = 0;
    virtual ContextPolicy contextPolicy() const = 0;
    virtual void setContextPolicy(ContextPolicy policy) = 0;

    // The user's message is on disk before its answer begins. Answers queue where the engine is
    // busy.
    virtual void send(const QString& text) = 0;
    virtual void stop() = 0;                           // the answer of the open conversation
    virtual void stopRunning() = 0;                    // the answer that is being written, wherever
    virtual void withdraw(qint64 conversationId) = 0;  // the queued request of a conversation
    // A sibling of that answer; of a user's message that has none, its first answer.
    virtual void regenerate(qint64 messageId) = 0;
    virtual void editMessage(qint64 messageId,
                             const QString& text) = 0;              // a sibling, and a new answer
    virtual void selectVersion(qint64 messageId, int version) = 0;  // 1-based
    virtual void
    continueWithoutOldest() = 0;  // after `contextFull`: answer again, dropping the oldest turns
    // In the place of what was kept of that conversation; on disk about a second later.
    virtual void keepDraft(const DraftRecord& draft) = 0;
    // Tokens of `text` with the loaded model's tokenizer; -1 without one.
    virtual qint64 countTokens(const QString& text) const = 0;

    // -- the model
    virtual ModelStatus model() const = 0;
    virtual void loadModel(const QString& directory) = 0;
    // Where the load still waits for an answer that is being written, the model before stays.
    virtual void cancelLoading() = 0;
    virtual Readouts readouts() const = 0;

    // Saves the partial answer, stops the engine and closes the history; at most 2 s. For the
    // closing window.
    virtual void shutDown() = 0;

Q_SIGNALS:
    void conversationsChanged();
    // The open conversation was new and has this id now; currentConversationChanged() follows.
    void conversationStored(qint64 id);
    void currentConversationChanged();
    void turnsReset();            // other messages are shown now
    void turnAppended();          // at the end of turns()
    void turnChanged(int index);  // text, state or figures of one; coalesced to about 30 a second
    void conversationSettingsChanged();  // system prompt, sampling, context policy
    void modelChanged();
    void readoutsChanged();  // at most four times a second
    // What was kept when the program ended; once, before a conversation of before is opened.
    void draftsRead(const QVector<apertura::DraftRecord>& drafts);
    void conversationDeleted(qint64 id, const QString& title);  // can be restored
    // The message could not be stored, or there is no model to answer it: nothing was kept of it,
    // so the composer takes `text` back and shows the sentence.
    void sendFailed(const QString& text, const QString& sentence);
    // Something failed that belongs to no message: one sentence.
    void problem(const QString& sentence);
};

}  // namespace apertura
