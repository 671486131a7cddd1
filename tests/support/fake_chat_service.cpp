#include "tests/support/fake_chat_service.h"

#include <algorithm>

#include <QDateTime>
#include <QFileInfo>

namespace apertura::test {
namespace {

Metrics sampleMetrics(qint64 tokens) {
    Metrics metrics;
    metrics.promptTokens = 38;
    metrics.reusedTokens = 12;
    metrics.prefillTokensPerSecond = 812.4;
    metrics.timeToFirstTokenSeconds = 0.213;
    metrics.completionTokens = tokens;
    metrics.decodeTokensPerSecond = 43.12;
    metrics.backend = "reference";
    metrics.device = "2 cores";
    metrics.contextUsed = 38 + tokens;
    metrics.contextSize = 8192;
    metrics.seed = 1234567;
    return metrics;
}

Readouts restingReadouts() {
    Readouts readouts;
    readouts.weightBytes = 412'000'000;
    readouts.kvBytes = 38'000'000;
    readouts.scratchBytes = 21'000'000;
    readouts.deviceMemoryUsedBytes = 6'400'000'000;
    readouts.deviceMemoryTotalBytes = 25'700'000'000;
    readouts.contextUsed = 1204;
    readouts.contextSize = 8192;
    return readouts;
}

}  // namespace

FakeChatService::FakeChatService(QObject* parent)
    : ChatService(parent), m_readouts(restingReadouts()) {
    m_timer.setInterval(15);
    connect(&m_timer, &QTimer::timeout, this, &FakeChatService::streamChunk);
    m_model.phase = ModelPhase::ready;
    m_model.path = QStringLiteral("/models/demo/gptq-mixed-eora");
    m_model.info.name = "gptq-mixed-eora";
    m_model.info.precision = "GPTQ 4/8-bit g64 + EoRA";
    m_model.info.backend = "reference";
    m_model.info.backendReason = "There is no GPU here, so the processor computes.";
    m_model.info.parameterCount = 9'437'184;
    m_model.info.layerCount = 8;
    m_model.info.maximumContext = 8192;
    m_model.info.recommendedSampling.temperature = 0.8;
    m_model.info.recommendedSampling.topP = 0.9;
    m_sampling = m_model.info.recommendedSampling;
}

void FakeChatService::addAnswer(const QString& text) {
    m_answers.append(text);
}

void FakeChatService::setChunk(int characters, int intervalMs) {
    m_chunk = characters;
    m_timer.setInterval(intervalMs);
}

void FakeChatService::failNextSend(const QString& sentence) {
    m_sendFailure = sentence;
}

void FakeChatService::failNextAnswer(const QString& sentence) {
    m_answerFailure = sentence;
}

void FakeChatService::setMarks(qint64 id, bool answering, int queuePosition, bool unread) {
    if (Conversation* conversation = find(id)) {
        conversation->summary.answering = answering;
        conversation->summary.queuePosition = queuePosition;
        conversation->summary.unread = unread;
        Q_EMIT conversationsChanged();
    }
}

void FakeChatService::setModelStatus(const ModelStatus& status) {
    m_model = status;
    Q_EMIT modelChanged();
}

void FakeChatService::setReadouts(const Readouts& readouts) {
    m_readouts = readouts;
    Q_EMIT readoutsChanged();
}

void FakeChatService::setTurnState(int index, MessageState state, const QString& error) {
    if (Conversation* conversation = find(m_current)) {
        Slot& slot = conversation->path[index];
        slot.versions[slot.shown].state = state;
        slot.versions[slot.shown].error = error;
        Q_EMIT turnChanged(index);
        Q_EMIT readoutsChanged();
    }
}

void FakeChatService::addVersion(int index, const QString& text) {
    Slot& slot = find(m_current)->path[index];
    slot.versions.append(newTurn(slot.versions[0].role, text));
    slot.shown = static_cast<int>(slot.versions.size()) - 1;
    Q_EMIT turnsReset();
}

void FakeChatService::finishNow() {
    m_chunk = static_cast<int>(m_streaming.size()) + 1;
    streamChunk();
}

void FakeChatService::loseAnswer() {
    m_timer.stop();
    Conversation* conversation = find(std::exchange(m_answeringConversation, 0));
    conversation->path.removeLast();
    conversation->summary.answering = false;
    m_readouts.phase = ActivityPhase::idle;
    Q_EMIT turnsReset();
    Q_EMIT conversationsChanged();
    Q_EMIT readoutsChanged();
}

QVector<ConversationSummary> FakeChatService::conversations() const {
    QVector<ConversationSummary> all;
    for (const Conversation& each : m_conversations) {
        if (!each.deleted) {
            all.append(each.summary);
        }
    }
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.updatedMs > b.updatedMs; });
    return all;
}

qint64 FakeChatService::addConversation(const QString& title,
                                        const QStringList& userAndAnswerInTurn, int daysAgo) {
    Conversation conversation;
    conversation.summary.id = m_nextId++;
    conversation.summary.title = title;
    // A minute apart, so that the order is certain.
    conversation.summary.updatedMs =
        -60'000 * (m_conversations.size() + 1) +
        QDateTime::currentDateTime().addDays(-daysAgo).toMSecsSinceEpoch();
    for (int i = 0; i < static_cast<int>(userAndAnswerInTurn.size()); ++i) {
        ChatTurn turn = newTurn(i % 2 == 0 ? Role::user : Role::assistant, userAndAnswerInTurn[i]);
        if (turn.role == Role::assistant) {
            turn.metrics = sampleMetrics(turn.text.size() / 4);
            turn.seed = turn.metrics->seed;
        }
        conversation.path.append(Slot{{turn}, 0});
    }
    m_conversations.append(conversation);
    Q_EMIT conversationsChanged();
    return conversation.summary.id;
}

void FakeChatService::openConversation(qint64 id) {
    m_current = id;
    if (Conversation* conversation = find(id)) {
        conversation->summary.unread = false;
    }
    Q_EMIT currentConversationChanged();
    Q_EMIT turnsReset();
    Q_EMIT conversationSettingsChanged();
}

void FakeChatService::startConversation() {
    openConversation(0);
}

void FakeChatService::renameConversation(qint64 id, const QString& title) {
    if (Conversation* conversation = find(id)) {
        conversation->summary.title = title;
        Q_EMIT conversationsChanged();
    }
}

void FakeChatService::deleteConversation(qint64 id) {
    Conversation* conversation = find(id);
    if (!conversation) {
        return;
    }
    conversation->deleted = true;
    const QString title = conversation->summary.title;
    if (m_current == id) {
        startConversation();
    }
    Q_EMIT conversationsChanged();
    Q_EMIT conversationDeleted(id, title);
}

void FakeChatService::restoreConversation(qint64 id) {
    for (Conversation& each : m_conversations) {
        if (each.summary.id == id) {
            each.deleted = false;
        }
    }
    Q_EMIT conversationsChanged();
    openConversation(id);
}

QVector<ChatTurn> FakeChatService::turns() const {
    QVector<ChatTurn> path;
    if (const Conversation* conversation = find(m_current)) {
        for (const Slot& slot : conversation->path) {
            ChatTurn turn = slot.versions[slot.shown];
            turn.version = slot.shown + 1;
            turn.versionCount = static_cast<int>(slot.versions.size());
            path.append(turn);
        }
    }
    return path;
}

void FakeChatService::setSystemPrompt(const QString& text) {
    m_systemPrompt = text;
    Q_EMIT conversationSettingsChanged();
}

void FakeChatService::setSampling(const SamplingOptions& sampling) {
    m_sampling = sampling;
    m_samplingIsCustom = true;
    Q_EMIT conversationSettingsChanged();
}

void FakeChatService::resetSampling() {
    m_sampling = m_model.info.recommendedSampling;
    m_samplingIsCustom = false;
    Q_EMIT conversationSettingsChanged();
}

void FakeChatService::setContextPolicy(ContextPolicy policy) {
    m_contextPolicy = policy;
    Q_EMIT conversationSettingsChanged();
}

void FakeChatService::send(const QString& text) {
    if (!m_sendFailure.isEmpty()) {
        Q_EMIT sendFailed(text, std::exchange(m_sendFailure, QString()));
        return;
    }
    m_sent.append(text);
    Conversation& conversation = storedCurrent(text.left(40));
    conversation.path.append(Slot{{newTurn(Role::user, text)}, 0});
    Q_EMIT turnAppended();
    beginAnswer(conversation, true);
}

void FakeChatService::stop() {
    if (isStreaming() && m_answeringConversation == m_current) {
        finishAnswer(MessageState::stopped);
    }
}

void FakeChatService::stopRunning() {
    if (isStreaming()) {
        finishAnswer(MessageState::stopped);
    }
}

void FakeChatService::withdraw(qint64 conversationId) {
    setMarks(conversationId, false, 0, false);
}

void FakeChatService::regenerate(qint64 messageId) {
    Conversation* conversation = find(m_current);
    const int slot = conversation ? slotOf(*conversation, messageId) : -1;
    if (slot >= 0) {
        conversation->path.resize(slot + 1);
        beginAnswer(*conversation, conversation->path[slot].versions[0].role == Role::user);
    }
}

void FakeChatService::editMessage(qint64 messageId, const QString& text) {
    Conversation* conversation = find(m_current);
    const int slot = conversation ? slotOf(*conversation, messageId) : -1;
    if (slot >= 0) {
        conversation->path.resize(slot + 1);
        conversation->path[slot].versions.append(newTurn(Role::user, text));
        conversation->path[slot].shown =
            static_cast<int>(conversation->path[slot].versions.size()) - 1;
        Q_EMIT turnsReset();
        beginAnswer(*conversation, true);
    }
}

void FakeChatService::selectVersion(qint64 messageId, int version) {
    Conversation* conversation = find(m_current);
    const int slot = conversation ? slotOf(*conversation, messageId) : -1;
    if (slot >= 0) {
        conversation->path[slot].shown = version - 1;
        Q_EMIT turnsReset();
    }
}

void FakeChatService::continueWithoutOldest() {
    setContextPolicy(ContextPolicy::dropOldestTurns);
}

qint64 FakeChatService::countTokens(const QString& text) const {
    return m_model.phase == ModelPhase::ready ? (text.size() + 3) / 4 : -1;
}

void FakeChatService::keepDraft(const DraftRecord& draft) {
    m_drafts.removeIf(
        [&](const DraftRecord& kept) { return kept.conversationId == draft.conversationId; });
    if (!draft.isEmpty()) {
        m_drafts.append(draft);
    }
}

void FakeChatService::loadModel(const QString& directory) {
    m_loads.append(directory);
    m_model.path = directory;
    m_model.phase = ModelPhase::ready;
    m_model.info.name = QFileInfo(directory).fileName().toStdString();
    Q_EMIT modelChanged();
}

void FakeChatService::cancelLoading() {
    m_model.phase = ModelPhase::none;
    m_readouts.phase = isStreaming() ? ActivityPhase::writing : ActivityPhase::idle;
    Q_EMIT modelChanged();
    Q_EMIT readoutsChanged();
}

FakeChatService::Conversation* FakeChatService::find(qint64 id) {
    return const_cast<Conversation*>(std::as_const(*this).find(id));
}

const FakeChatService::Conversation* FakeChatService::find(qint64 id) const {
    const auto found = std::find_if(
        m_conversations.begin(), m_conversations.end(),
        [id](const Conversation& each) { return each.summary.id == id && !each.deleted; });
    return found == m_conversations.end() ? nullptr : &*found;
}

FakeChatService::Conversation& FakeChatService::storedCurrent(const QString& title) {
    if (Conversation* conversation = find(m_current)) {
        conversation->summary.updatedMs = QDateTime::currentMSecsSinceEpoch();
        return *conversation;
    }
    m_current = addConversation(title, {}, 0);
    Q_EMIT conversationStored(m_current);
    Q_EMIT currentConversationChanged();
    return *find(m_current);
}

ChatTurn FakeChatService::newTurn(Role role, const QString& text) {
    ChatTurn turn;
    turn.id = m_nextId++;
    turn.role = role;
    turn.text = text;
    turn.createdMs = QDateTime::currentMSecsSinceEpoch();
    if (role == Role::assistant) {
        turn.modelName = QStringLiteral("Apertura demo · GPTQ 4/8");
    }
    return turn;
}

void FakeChatService::beginAnswer(Conversation& conversation, bool isNewSlot) {
    ChatTurn answer = newTurn(Role::assistant, QString());
    answer.state = MessageState::partial;
    m_streaming = m_answers.isEmpty()
                      ? QStringLiteral("You said: %1").arg(m_sent.value(m_sent.size() - 1))
                      : m_answers.takeFirst();
    m_streamed = 0;
    m_answeringConversation = conversation.summary.id;
    conversation.summary.answering = true;
    if (isNewSlot) {
        conversation.path.append(Slot{{answer}, 0});
        Q_EMIT turnAppended();
    } else {
        Slot& slot = conversation.path.last();
        slot.versions.append(answer);
        slot.shown = static_cast<int>(slot.versions.size()) - 1;
        Q_EMIT turnsReset();
    }
    m_readouts.phase = ActivityPhase::writing;
    m_readouts.phaseStartedMs = QDateTime::currentMSecsSinceEpoch();
    m_readouts.prefillTokensPerSecond = 812.4;
    m_readouts.decodeTokensPerSecond = 43.12;
    m_readouts.timeToFirstTokenSeconds = 0.213;
    m_timer.start();
    Q_EMIT conversationsChanged();
    Q_EMIT readoutsChanged();
}

void FakeChatService::streamChunk() {
    Conversation* conversation = find(m_answeringConversation);
    if (!conversation) {
        m_timer.stop();
        return;
    }
    m_streamed = std::min<qsizetype>(m_streamed + m_chunk, m_streaming.size());
    Slot& slot = conversation->path.last();
    slot.versions.last().text = m_streaming.left(m_streamed);
    if (m_current == m_answeringConversation) {
        Q_EMIT turnChanged(static_cast<int>(conversation->path.size()) - 1);
    }
    if (m_streamed == m_streaming.size()) {
        finishAnswer(m_answerFailure.isEmpty() ? MessageState::complete : MessageState::failed);
    }
}

void FakeChatService::finishAnswer(MessageState state) {
    m_timer.stop();
    Conversation* conversation = find(m_answeringConversation);
    ChatTurn& turn = conversation->path.last().versions.last();
    turn.state = state;
    turn.error = std::exchange(m_answerFailure, QString());
    turn.metrics = sampleMetrics(m_streamed / 4);
    turn.seed = turn.metrics->seed;
    conversation->summary.answering = false;
    conversation->summary.unread = m_current != m_answeringConversation;
    m_readouts.phase = ActivityPhase::idle;
    if (m_current == m_answeringConversation) {
        Q_EMIT turnChanged(static_cast<int>(conversation->path.size()) - 1);
    }
    m_answeringConversation = 0;
    Q_EMIT conversationsChanged();
    Q_EMIT readoutsChanged();
}

int FakeChatService::slotOf(const Conversation& conversation, qint64 messageId) const {
    for (int i = 0; i < static_cast<int>(conversation.path.size()); ++i) {
        const Slot& slot = conversation.path[i];
        if (slot.versions[slot.shown].id == messageId) {
            return i;
        }
    }
    return -1;
}

}  // namespace apertura::test
