#include "app/conversation/local_chat_service.h"

#include <utility>

#include <QDateTime>
#include <QDeadlineTimer>

#include "app/conversation/title.h"

namespace apertura {

namespace {

// Of the 2 s that shutting down may take, the engine gets the larger part: a kernel over a long
// prompt takes longer to notice a stop than SQLite takes to write.
constexpr int kShutDownMs = 1900;
constexpr int kEngineShutDownMs = 1300;

std::function<qint64()> clockOf(const LocalChatOptions& options) {
    return options.nowMs ? options.nowMs : [] { return QDateTime::currentMSecsSinceEpoch(); };
}

std::function<QString(const ModelInfo&)> modelNameOf(const LocalChatOptions& options) {
    return options.modelName ? options.modelName : [](const ModelInfo& model) {
        return QString::fromStdString(model.name);
    };
}

std::shared_ptr<Conversation> blankConversation() {
    return std::make_shared<Conversation>(std::make_shared<ConversationRecord>(),
                                          std::vector<MessageRecord>());
}

QString sentenceOf(const Error& error) {
    return QString::fromStdString(error.message);
}

}  // namespace

LocalChatService::LocalChatService(EngineFactory makeEngine, HistoryThread& history,
                                   Settings& settings, const LocalChatOptions& options,
                                   QObject* parent)
    : ChatService(parent),
      m_nowMs(clockOf(options)),
      m_settings(settings),
      m_history(history),
      m_engine(std::move(makeEngine)),
      m_loader(m_engine, options.load),
      m_list(history, m_trouble, m_nowMs),
      m_saver(history, m_trouble, options.saveIntervalMs),
      m_drafts(history, m_trouble, options.saveIntervalMs),
      m_pipeline(m_engine, m_list, m_saver, {m_nowMs, options.appVersion, modelNameOf(options)}),
      m_readouts(m_nowMs),
      m_open(blankConversation()) {
    connectParts();
}

LocalChatService::~LocalChatService() {
    shutDown();
}

void LocalChatService::connectParts() {
    connect(&m_history, &HistoryThread::opened, this, [this](const QStringList& notices) {
        for (const QString& notice : notices) {
            Q_EMIT problem(notice);
        }
    });
    connect(&m_shown, &ShownTurns::wereReset, this, &ChatService::turnsReset);
    connect(&m_shown, &ShownTurns::appended, this, &ChatService::turnAppended);
    connect(&m_shown, &ShownTurns::changed, this, &ChatService::turnChanged);
    connect(&m_list, &ConversationList::changed, this, &ChatService::conversationsChanged);
    connect(&m_list, &ConversationList::removed, this, &LocalChatService::conversationRemoved);
    connect(&m_list, &ConversationList::restored, this, &LocalChatService::conversationRestored);
    connect(&m_list, &ConversationList::problem, this, &ChatService::problem);
    connect(&m_drafts, &DraftSaver::read, this, &ChatService::draftsRead);
    connect(&m_trouble, &StorageTrouble::began, this, &ChatService::problem);
    connect(&m_pipeline, &AnswerPipeline::problem, this, &ChatService::problem);
    connect(&m_pipeline, &AnswerPipeline::activityChanged, this, [this] {
        m_shown.update(turnIds());
        Q_EMIT conversationsChanged();
    });
    connect(&m_pipeline, &AnswerPipeline::answerTextChanged, this,
            &LocalChatService::answerTextChanged);
    connect(&m_pipeline, &AnswerPipeline::answerEnded, this, &LocalChatService::answerEnded);
    connect(&m_pipeline, &AnswerPipeline::waitingEnded, this, &LocalChatService::waitingEnded);
    connect(&m_pipeline, &AnswerPipeline::answerBegan, &m_readouts, &LiveReadouts::answerBegan);
    connect(&m_pipeline, &AnswerPipeline::answerProgressed, &m_readouts,
            &LiveReadouts::answerProgressed);
    connect(&m_pipeline, &AnswerPipeline::answerStopping, &m_readouts,
            &LiveReadouts::answerStopping);
    connect(&m_engine, &EngineThread::memoryRead, &m_readouts, &LiveReadouts::memoryRead);
    connect(&m_readouts, &LiveReadouts::changed, this, &ChatService::readoutsChanged);
    connect(&m_loader, &ModelLoader::began, &m_readouts, &LiveReadouts::loadBegan);
    connect(&m_loader, &ModelLoader::progressed, &m_readouts, &LiveReadouts::loadProgressed);
    connect(&m_loader, &ModelLoader::loaded, this, &LocalChatService::modelLoaded);
    connect(&m_loader, &ModelLoader::restored, this, &LocalChatService::modelRestored);
    connect(&m_loader, &ModelLoader::notLoaded, this, &LocalChatService::modelNotLoaded);
    connect(&m_loader, &ModelLoader::changed, this, &ChatService::modelChanged);
}

void LocalChatService::start(const QString& modelDirectory) {
    m_drafts.load();
    m_list.load([this] {
        const qint64 last = m_settings.lastConversation();
        const bool isUntouched = m_open->id() == 0 && m_wanted == 0 && m_sending.isEmpty();
        if (m_list.find(last) && isUntouched) {
            openConversation(last);
        }
    });
    if (!modelDirectory.isEmpty()) {
        loadModel(modelDirectory);
    }
}

// ---- conversations

QVector<ConversationSummary> LocalChatService::conversations() const {
    QVector<ConversationSummary> summaries;
    for (const std::shared_ptr<ConversationRecord>& record : m_list.records()) {
        ConversationSummary summary;
        summary.id = record->id;
        summary.title = record->title;
        summary.updatedMs = record->updatedMs;
        summary.answering = m_pipeline.isAnswering(record->id);
        summary.queuePosition = m_pipeline.queuePosition(record->id);
        summary.unread = m_unread.contains(record->id);
        summaries.append(summary);
    }
    return summaries;
}

void LocalChatService::openConversation(qint64 id) {
    const std::shared_ptr<ConversationRecord> record = m_list.find(id);
    if (!record) {
        return;
    }
    m_wanted = id;
    if (const std::shared_ptr<Conversation> conversation = loaded(id)) {
        show(conversation);
        return;
    }
    using Messages = std::vector<MessageRecord>;
    m_history.request<Messages>(
        [id](HistoryStore& store) { return store.messages(id); }, this,
        [this, id, record](const Result<Messages>& messages) {
            if (m_wanted != id) {
                return;
            }
            if (!messages) {
                m_wanted = 0;
                Q_EMIT problem(sentenceOf(messages.error()));
                return;
            }
            const std::shared_ptr<Conversation> known = loaded(id);
            show(known ? known : std::make_shared<Conversation>(record, *messages));
        });
}

void LocalChatService::startConversation() {
    show(blankConversation());
}

void LocalChatService::renameConversation(qint64 id, const QString& title) {
    m_list.rename(id, title.simplified());
}

void LocalChatService::deleteConversation(qint64 id) {
    m_pipeline.stop(id);
    m_list.remove(id);
}

void LocalChatService::show(const std::shared_ptr<Conversation>& conversation) {
    m_wanted = 0;
    m_deletedWhileOpen = 0;
    m_open = conversation;
    const qint64 id = conversation->id();
    if (id != 0) {
        m_loaded.insert(id, conversation);
    }
    m_settings.setLastConversation(id);
    Q_EMIT currentConversationChanged();
    m_shown.replace(turnIds());
    Q_EMIT conversationSettingsChanged();
    showContextUse();
    if (m_unread.remove(id)) {
        Q_EMIT conversationsChanged();
    }
}

// The conversation in memory, where something still holds it.
std::shared_ptr<Conversation> LocalChatService::loaded(qint64 id) const {
    std::shared_ptr<Conversation> conversation = m_loaded.value(id).lock();
    if (!conversation) {
        m_loaded.remove(id);
    }
    return conversation;
}

void LocalChatService::conversationRemoved(qint64 id, const QString& title) {
    m_pipeline.stop(id);  // of a question that was on its way to disk
    m_engine.forgetSession(id);
    m_unread.remove(id);
    if (m_open->id() == id) {
        startConversation();
        m_deletedWhileOpen = id;
    }
    Q_EMIT conversationDeleted(id, title);
}

void LocalChatService::conversationRestored(qint64 id) {
    if (m_deletedWhileOpen == id) {
        openConversation(id);
    }
}

// ---- how the open conversation is answered

QString LocalChatService::systemPrompt() const {
    return m_open->record().systemPrompt;
}

void LocalChatService::setSystemPrompt(const QString& text) {
    if (text == m_open->record().systemPrompt) {
        return;
    }
    m_open->record().systemPrompt = text;
    if (m_open->id() != 0) {
        m_list.save(m_open->id());
    }
    Q_EMIT conversationSettingsChanged();
}

SamplingOptions LocalChatService::sampling() const {
    return m_open->choices().sampling.value_or(m_loader.status().info.recommendedSampling);
}

void LocalChatService::setSampling(const SamplingOptions& sampling) {
    choose({sampling, contextPolicy()});
}

void LocalChatService::resetSampling() {
    choose({std::nullopt, contextPolicy()});
}

bool LocalChatService::samplingIsCustom() const {
    return m_open->choices().sampling.has_value();
}

ContextPolicy LocalChatService::contextPolicy() const {
    return m_open->choices().contextPolicy;
}

void LocalChatService::setContextPolicy(ContextPolicy policy) {
    choose({m_open->choices().sampling, policy});
}

void LocalChatService::choose(const AnsweringChoices& choices) {
    m_open->setChoices(choices);
    if (m_open->id() != 0) {
        m_list.save(m_open->id());
    }
    Q_EMIT conversationSettingsChanged();
}

// ---- questions and answers

QVector<ChatTurn> LocalChatService::turns() const {
    return m_open->turns(m_open->id() == 0 ? std::nullopt : m_pipeline.awaited(m_open->id()));
}

QString LocalChatService::obstacle() const {
    if (m_sending.contains(m_open.get()) ||
        (m_open->id() != 0 && m_pipeline.isBusy(m_open->id()))) {
        return tr("Wait for the answer that is being written here, or stop it.");
    }
    const ModelPhase phase = m_loader.status().phase;
    if (phase == ModelPhase::none || phase == ModelPhase::failed) {
        return tr("No model is loaded: choose one first.");
    }
    return {};
}

void LocalChatService::send(const QString& text) {
    if (text.trimmed().isEmpty()) {
        return;
    }
    if (const QString sentence = obstacle(); !sentence.isEmpty()) {
        Q_EMIT sendFailed(text, sentence);
        return;
    }
    ConversationRecord& record = m_open->record();
    MessageRecord message;
    message.parentId = record.currentMessage;
    message.text = text;
    message.createdMs = m_nowMs();
    if (record.id == 0) {
        record.title = titleFrom(text);
        record.createdMs = message.createdMs;
        record.updatedMs = message.createdMs;
        record.modelPath = m_loader.status().path;
    }
    addUserMessage(message);
}

void LocalChatService::addUserMessage(const MessageRecord& message) {
    m_sending.insert(m_open.get());
    m_list.addMessage(m_open, message,
                      [this, conversation = m_open, text = message.text](const Result<qint64>& id) {
                          userMessageAdded(conversation, text, id);
                      });
}

void LocalChatService::userMessageAdded(const std::shared_ptr<Conversation>& conversation,
                                        const QString& text, const Result<qint64>& id) {
    m_sending.remove(conversation.get());
    const bool stopWanted = m_stopOnceSent.remove(conversation.get());
    if (!id) {
        Q_EMIT sendFailed(text, sentenceOf(id.error()));
        return;
    }
    m_loaded.insert(conversation->id(), conversation);
    if (conversation == m_open && m_settings.lastConversation() != conversation->id()) {
        m_settings.setLastConversation(conversation->id());
        Q_EMIT conversationStored(conversation->id());
        Q_EMIT currentConversationChanged();
    }
    m_shown.update(turnIds());
    if (conversation->find(*id)->role != Role::user) {
        return;
    }
    m_pipeline.ask(conversation, *id);
    if (stopWanted) {
        m_pipeline.stop(conversation->id());
    }
}

void LocalChatService::stop() {
    if (m_sending.contains(m_open.get())) {
        m_stopOnceSent.insert(m_open.get());
    } else if (m_open->id() != 0) {
        m_pipeline.stop(m_open->id());
    }
}

void LocalChatService::withdraw(qint64 conversationId) {
    if (m_pipeline.queuePosition(conversationId) != 0) {
        m_pipeline.stop(conversationId);
    }
}

void LocalChatService::regenerate(qint64 messageId) {
    if (const QString sentence = obstacle(); !sentence.isEmpty()) {
        Q_EMIT problem(sentence);
        return;
    }
    askAgain(messageId);
}

void LocalChatService::askAgain(qint64 messageId) {
    const MessageRecord* message = m_open->find(messageId);
    const qint64 question =
        message && message->role == Role::assistant ? message->parentId : messageId;
    const MessageRecord* asked = m_open->find(question);
    if (asked && asked->role == Role::user) {
        m_pipeline.ask(m_open, question);
    }
}

// A question that was edited is answered anew; an answer that was edited stands as it is.
void LocalChatService::editMessage(qint64 messageId, const QString& text) {
    const MessageRecord* edited = m_open->find(messageId);
    if (text.trimmed().isEmpty()) {
        return;
    }
    if (!edited) {
        Q_EMIT sendFailed(text, tr("The message that was edited is not there any more."));
        return;
    }
    if (const QString sentence = obstacle(); !sentence.isEmpty()) {
        Q_EMIT sendFailed(text, sentence);
        return;
    }
    MessageRecord message;
    message.conversationId = m_open->id();
    message.parentId = edited->parentId;
    message.role = edited->role;
    message.text = text;
    message.createdMs = m_nowMs();
    addUserMessage(message);
}

void LocalChatService::selectVersion(qint64 messageId, int version) {
    if (!m_open->find(messageId)) {
        return;
    }
    const std::vector<qint64>& versions = m_open->versions(messageId);
    if (version < 1 || version > static_cast<int>(versions.size())) {
        return;
    }
    m_open->record().currentMessage =
        m_open->latestLeaf(versions[static_cast<std::size_t>(version) - 1]);
    m_list.save(m_open->id());
    m_shown.update(turnIds());
    showContextUse();
}

void LocalChatService::continueWithoutOldest() {
    const MessageRecord* leaf = m_open->find(m_open->record().currentMessage);
    if (!leaf || leaf->state != MessageState::contextFull) {
        return;
    }
    setContextPolicy(ContextPolicy::dropOldestTurns);
    regenerate(leaf->id);
}

QVector<qint64> LocalChatService::turnIds() const {
    QVector<qint64> ids;
    for (const ChatTurn& turn : turns()) {
        ids.append(turn.id);
    }
    return ids;
}

void LocalChatService::answerTextChanged(qint64 conversationId, qint64 messageId) {
    if (m_open->id() != conversationId) {
        return;
    }
    const int index = m_open->indexOf(messageId);
    if (index >= 0) {
        Q_EMIT turnChanged(index);
    }
}

void LocalChatService::answerEnded(qint64 conversationId, qint64 messageId) {
    const std::shared_ptr<Conversation> conversation = loaded(conversationId);
    const MessageRecord* message = conversation ? conversation->find(messageId) : nullptr;
    const std::optional<AnswerFigures> figures =
        message ? figuresFromJson(message->metricsJson) : std::nullopt;
    m_readouts.answerEnded(figures ? &figures->metrics : nullptr);
    waitingEnded(conversationId, messageId);
}

void LocalChatService::waitingEnded(qint64 conversationId, qint64 messageId) {
    if (m_open->id() == conversationId) {
        answerTextChanged(conversationId, messageId);
        m_shown.update(turnIds());
    } else if (m_list.find(conversationId)) {
        m_unread.insert(conversationId);
    }
    Q_EMIT conversationsChanged();
}

void LocalChatService::showContextUse() {
    const MessageRecord* leaf = m_open->find(m_open->record().currentMessage);
    const std::optional<AnswerFigures> figures =
        leaf ? figuresFromJson(leaf->metricsJson) : std::nullopt;
    m_readouts.showContext(figures ? figures->metrics.contextUsed : -1);
}

// ---- the model

void LocalChatService::loadModel(const QString& directory) {
    m_pipeline.setModel(nullptr);
    m_loader.load(directory);
}

void LocalChatService::modelLoaded() {
    const ModelStatus& status = m_loader.status();
    m_settings.setLastModel(status.path);
    m_readouts.loadEnded(&status.info);
    showContextUse();
    Q_EMIT conversationSettingsChanged();
    m_pipeline.setModel(m_loader.model());
}

void LocalChatService::modelNotLoaded(const QString& sentence) {
    m_readouts.loadEnded(nullptr);
    if (!m_isShutDown) {
        m_pipeline.failWaiting(sentence);
    }
}

void LocalChatService::shutDown() {
    if (std::exchange(m_isShutDown, true)) {
        return;
    }
    const QDeadlineTimer deadline(kShutDownMs);
    m_engineHasEnded = m_pipeline.shutDown(kEngineShutDownMs);
    m_list.flush();
    m_drafts.flush();
    m_settings.sync();
    m_history.drain(static_cast<int>(deadline.remainingTime()));
    // A record that waited for its message could be saved only now.
    m_list.flush();
    m_history.drain(static_cast<int>(deadline.remainingTime()));
}

}  // namespace apertura
