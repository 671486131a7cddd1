// What the application keeps of every conversation, and the one way to it. Messages form a tree: an
// edit or a regeneration is a sibling, never an overwrite.
#pragma once

#include <vector>

#include <QString>

#include "inference/message.h"
#include "inference/status.h"

namespace apertura {

enum class MessageState {
    complete,     // ended by itself: end of turn, stop string, or maximum length
    partial,      // being written now; found at start-up it becomes `interrupted`
    interrupted,  // the program ended while it was written
    stopped,      // the reader stopped it
    contextFull,  // the context ended it
    failed,       // an error ended it: see `error`
};

struct ConversationRecord {
    qint64 id = 0;
    QString title;
    QString systemPrompt;
    QString samplingJson;       // samplingToJson(); empty = the model's recommended values
    QString modelPath;          // the checkpoint last used here; empty = none yet
    qint64 currentMessage = 0;  // leaf of the path that is shown; 0 = empty
    qint64 createdMs = 0;       // since the epoch, UTC
    qint64 updatedMs = 0;       // of the last message; orders the list
};

struct MessageRecord {
    qint64 id = 0;
    qint64 conversationId = 0;
    qint64 parentId = 0;  // 0 = first of its conversation
    Role role = Role::user;
    QString text;
    QString thoughts;
    MessageState state = MessageState::complete;
    QString error;  // one sentence where state is `failed`
    qint64 createdMs = 0;
    QString modelName;       // of an answer
    QString provenanceJson;  // model path and hash, precision, backend, device, sampling, seed,
                             // prompt ids, version
    QString metricsJson;     // Metrics
};

// What is typed into a conversation and not sent.
struct DraftRecord {
    qint64 conversationId = 0;  // 0 = the new one, which is not stored yet
    QString text;
    qint64 editedMessage = 0;  // 0 = none
    QString editText;          // what stands in the edited message's place so far

    bool isEmpty() const { return text.isEmpty() && editedMessage == 0; }
    bool operator==(const DraftRecord&) const = default;
};

// Threads: every call from one thread, the one that opened it. Each changing call is one
// transaction, on disk when it returns. Errors: storageFull, storageFailed, fileCorrupt,
// unsupported (a database newer than the program, left as it is), invalidRequest (an id that is not
// there, a parent of another conversation). After an error nothing of that call is stored and the
// store can be used again.
class HistoryStore {
public:
    virtual ~HistoryStore() = default;

    // Newest first; deleted ones are left out.
    virtual Result<std::vector<ConversationRecord>> conversations() = 0;
    // Stores it under a fresh id, which it returns; `id` of the argument is ignored.
    virtual Result<qint64> addConversation(const ConversationRecord& conversation) = 0;
    virtual Result<void> updateConversation(const ConversationRecord& conversation) = 0;
    // Deletion hides; purge removes for good what was hidden before `beforeMs`.
    virtual Result<void> deleteConversation(qint64 id, qint64 nowMs) = 0;
    virtual Result<void> restoreConversation(qint64 id) = 0;
    virtual Result<void> purgeDeleted(qint64 beforeMs) = 0;

    // All versions, oldest first.
    virtual Result<std::vector<MessageRecord>> messages(qint64 conversationId) = 0;
    // Stores it under a fresh id, which it returns, and makes it the conversation's current
    // message.
    virtual Result<qint64> addMessage(const MessageRecord& message) = 0;
    virtual Result<void> updateMessage(const MessageRecord& message) = 0;

    // Of the new conversation and of those that are not deleted.
    virtual Result<std::vector<DraftRecord>> drafts() = 0;
    // In the place of what was kept of that conversation; an empty one removes it.
    virtual Result<void> keepDraft(const DraftRecord& draft) = 0;

    // Every `partial` message becomes `interrupted`; returns how many. For start-up.
    virtual Result<int> markInterrupted() = 0;
};

}  // namespace apertura
