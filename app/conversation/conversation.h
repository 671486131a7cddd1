// One conversation in memory: the tree of its messages, the path that is shown, and the prompt that
// a path makes.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include <QHash>
#include <QVector>

#include "app/conversation/answering_choices.h"
#include "app/conversation/chat_service.h"
#include "app/conversation/provenance.h"

namespace apertura {

// An answer that was asked for and has not begun: it is shown, but not stored.
struct AwaitedAnswer {
    qint64 parentId = 0;  // the user's message it will answer
    bool waits = true;    // for the engine; false: it is about to begin
};

// Threads: the UI thread only.
class Conversation {
public:
    // `record` is shared with the list of conversations; id 0 = not stored yet. `messages` are all
    // of its messages, a parent before its children.
    Conversation(std::shared_ptr<ConversationRecord> record, std::vector<MessageRecord> messages);

    qint64 id() const { return m_record->id; }
    ConversationRecord& record() { return *m_record; }
    const ConversationRecord& record() const { return *m_record; }
    const std::shared_ptr<ConversationRecord>& sharedRecord() const { return m_record; }

    const AnsweringChoices& choices() const { return m_choices; }
    void setChoices(const AnsweringChoices& choices);  // into the record, too

    // Null for an id of another conversation.
    const MessageRecord* find(qint64 messageId) const;
    // Puts a stored message into the tree and shows it.
    void add(const MessageRecord& message);
    // Replaces what may change of a message: text, thoughts, state, error, figures, provenance.
    // Requires: it is in the tree.
    void update(const MessageRecord& message);
    void appendText(qint64 messageId, const QString& text, const QString& thoughts);

    // Ids from the first message to `leafId`, both included; empty for 0.
    std::vector<qint64> pathTo(qint64 leafId) const;
    // All versions of a message, oldest first, itself included.
    const std::vector<qint64>& versions(qint64 messageId) const;
    // The newest message below `messageId`; itself where there is none. It has no children.
    qint64 latestLeaf(qint64 messageId) const;
    // Where `messageId` stands in turns(); -1 where it is not shown.
    int indexOf(qint64 messageId) const;

    // The path that is shown. An awaited answer stands below its parent, where that is on the path.
    QVector<ChatTurn> turns(const std::optional<AwaitedAnswer>& awaited) const;

    // What the model gets: the system prompt, then the path to a user's message. Answers without
    // text are left out, and user's messages that meet are joined, as templates demand alternation.
    std::vector<ChatMessage> promptFor(qint64 userMessageId) const;

private:
    struct Node {
        MessageRecord message;
        std::optional<AnswerFigures> figures;
        std::vector<qint64> children;  // oldest first
    };

    const Node& node(qint64 messageId) const;
    ChatTurn turnOf(const Node& node) const;
    ChatTurn awaitedTurn(const AwaitedAnswer& awaited) const;

    std::shared_ptr<ConversationRecord> m_record;
    AnsweringChoices m_choices;
    QHash<qint64, Node> m_nodes;
    std::vector<qint64> m_roots;  // versions of the first message
};

}  // namespace apertura
