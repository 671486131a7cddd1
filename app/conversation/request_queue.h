// The answers that wait for the engine, first come, first served. A conversation waits at most
// once.
#pragma once

#include <deque>
#include <memory>
#include <optional>

#include "app/conversation/conversation.h"

namespace apertura {

struct AnswerJob {
    quint64 id = 0;
    std::shared_ptr<Conversation> conversation;
    qint64 parentId = 0;  // the user's message that is answered
};

// Threads: the UI thread only.
class RequestQueue {
public:
    // Requires: the conversation does not wait yet.
    void push(AnswerJob job);
    std::optional<AnswerJob> takeFirst();
    // Takes out the job of a conversation, wherever it stands.
    std::optional<AnswerJob> withdraw(qint64 conversationId);

    bool isEmpty() const { return m_jobs.empty(); }
    // 1 = next in line; 0 = the conversation does not wait.
    int positionOf(qint64 conversationId) const;
    const AnswerJob* find(qint64 conversationId) const;

private:
    std::deque<AnswerJob> m_jobs;
};

}  // namespace apertura
