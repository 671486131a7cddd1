#include "app/conversation/conversation.h"

#include <algorithm>
#include <utility>

namespace apertura {

namespace {

const QString kJoint = QStringLiteral("\n\n");

}  // namespace

Conversation::Conversation(std::shared_ptr<ConversationRecord> record,
                           std::vector<MessageRecord> messages)
    : m_record(std::move(record)), m_choices(choicesFromJson(m_record->samplingJson)) {
    const qint64 current = m_record->currentMessage;
    for (const MessageRecord& message : messages) {
        add(message);
    }
    if (m_nodes.contains(current)) {
        m_record->currentMessage = current;
    }
}

void Conversation::setChoices(const AnsweringChoices& choices) {
    m_choices = choices;
    m_record->samplingJson = choicesToJson(choices);
}

const MessageRecord* Conversation::find(qint64 messageId) const {
    const auto found = m_nodes.find(messageId);
    return found == m_nodes.end() ? nullptr : &found->message;
}

void Conversation::add(const MessageRecord& message) {
    const auto parent = m_nodes.find(message.parentId);
    (parent == m_nodes.end() ? m_roots : parent->children).push_back(message.id);
    m_nodes.insert(message.id, Node{message, figuresFromJson(message.metricsJson), {}});
    m_record->currentMessage = message.id;
}

void Conversation::update(const MessageRecord& message) {
    const auto found = m_nodes.find(message.id);
    CHECK(found != m_nodes.end());
    found->message = message;
    found->figures = figuresFromJson(message.metricsJson);
}

void Conversation::appendText(qint64 messageId, const QString& text, const QString& thoughts) {
    const auto found = m_nodes.find(messageId);
    CHECK(found != m_nodes.end());
    found->message.text += text;
    found->message.thoughts += thoughts;
}

std::vector<qint64> Conversation::pathTo(qint64 leafId) const {
    std::vector<qint64> path;
    for (auto at = m_nodes.find(leafId); at != m_nodes.end();
         at = m_nodes.find(at->message.parentId)) {
        path.push_back(at->message.id);
    }
    std::reverse(path.begin(), path.end());
    return path;
}

const std::vector<qint64>& Conversation::versions(qint64 messageId) const {
    const auto parent = m_nodes.find(node(messageId).message.parentId);
    return parent == m_nodes.end() ? m_roots : parent->children;
}

qint64 Conversation::latestLeaf(qint64 messageId) const {
    // Ids grow, and a child is newer than its parent: the newest message below has no children.
    qint64 newest = messageId;
    std::vector<qint64> open = {messageId};
    while (!open.empty()) {
        const qint64 id = open.back();
        open.pop_back();
        newest = std::max(newest, id);
        const std::vector<qint64>& children = node(id).children;
        open.insert(open.end(), children.begin(), children.end());
    }
    return newest;
}

int Conversation::indexOf(qint64 messageId) const {
    const std::vector<qint64> path = pathTo(m_record->currentMessage);
    const auto found = std::find(path.begin(), path.end(), messageId);
    return found == path.end() ? -1 : static_cast<int>(found - path.begin());
}

QVector<ChatTurn> Conversation::turns(const std::optional<AwaitedAnswer>& awaited) const {
    QVector<ChatTurn> turns;
    for (const qint64 id : pathTo(m_record->currentMessage)) {
        turns.append(turnOf(node(id)));
        if (awaited && awaited->parentId == id) {
            turns.append(awaitedTurn(*awaited));
            break;
        }
    }
    return turns;
}

std::vector<ChatMessage> Conversation::promptFor(qint64 userMessageId) const {
    std::vector<ChatMessage> prompt;
    if (!m_record->systemPrompt.trimmed().isEmpty()) {
        prompt.push_back({Role::system, m_record->systemPrompt.toStdString()});
    }
    for (const qint64 id : pathTo(userMessageId)) {
        const MessageRecord& message = node(id).message;
        if (message.role == Role::assistant && message.text.isEmpty()) {
            continue;
        }
        if (message.role == Role::user && !prompt.empty() && prompt.back().role == Role::user) {
            prompt.back().content += (kJoint + message.text).toStdString();
        } else {
            prompt.push_back({message.role, message.text.toStdString()});
        }
    }
    return prompt;
}

const Conversation::Node& Conversation::node(qint64 messageId) const {
    const auto found = m_nodes.find(messageId);
    CHECK(found != m_nodes.end());
    return *found;
}

ChatTurn Conversation::turnOf(const Node& node) const {
    const MessageRecord& message = node.message;
    const std::vector<qint64>& all = versions(message.id);
    ChatTurn turn;
    turn.id = message.id;
    turn.role = message.role;
    turn.text = message.text;
    turn.thoughts = message.thoughts;
    turn.state = message.state;
    turn.error = message.error;
    turn.version =
        static_cast<int>(std::find(all.begin(), all.end(), message.id) - all.begin()) + 1;
    turn.versionCount = static_cast<int>(all.size());
    turn.modelName = message.modelName;
    turn.createdMs = message.createdMs;
    if (node.figures) {
        turn.metrics = node.figures->metrics;
        turn.finishReason = node.figures->finishReason;
        turn.seed = node.figures->metrics.seed;
    }
    return turn;
}

ChatTurn Conversation::awaitedTurn(const AwaitedAnswer& awaited) const {
    ChatTurn turn;
    turn.role = Role::assistant;
    turn.state = MessageState::partial;
    turn.queued = awaited.waits;
    turn.versionCount = static_cast<int>(node(awaited.parentId).children.size()) + 1;
    turn.version = turn.versionCount;
    return turn;
}

}  // namespace apertura
