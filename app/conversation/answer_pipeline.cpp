#include "app/conversation/answer_pipeline.h"

#include <utility>

namespace apertura {

namespace {

Request requestFor(const Conversation& conversation, qint64 parentId,
                   const Provenance& provenance) {
    Request request;
    ChatPrompt prompt;
    prompt.messagesJson = messagesToJson(conversation.promptFor(parentId));
    request.prompt = std::move(prompt);
    request.sampling = provenance.sampling;
    request.contextPolicy = provenance.contextPolicy;
    return request;
}

}  // namespace

AnswerPipeline::AnswerPipeline(EngineThread& engine, ConversationList& list, MessageSaver& saver,
                               AnswerPipelineOptions options, QObject* parent)
    : QObject(parent),
      m_engine(engine),
      m_list(list),
      m_saver(saver),
      m_options(std::move(options)) {
    connect(&m_engine, &EngineThread::answerProgressed, this, &AnswerPipeline::progress);
    connect(&m_engine, &EngineThread::answerEnded, this, &AnswerPipeline::engineEnded);
}

void AnswerPipeline::setModel(std::shared_ptr<const Model> model) {
    m_model = std::move(model);
    submit();
    beginNext();
}

void AnswerPipeline::ask(const std::shared_ptr<Conversation>& conversation, qint64 parentId) {
    CHECK(!isBusy(conversation->id()));
    m_queue.push(AnswerJob{++m_lastJobId, conversation, parentId});
    beginNext();
    Q_EMIT activityChanged();
}

void AnswerPipeline::stop(qint64 conversationId) {
    if (isAnswering(conversationId)) {
        m_active->stopWanted = true;
        m_engine.cancel(m_active->job.id);
        if (m_active->answerId != 0 && !m_active->submitted) {
            finish({cancelledState(), {}}, std::nullopt);
        } else {
            Q_EMIT answerStopping();
        }
    } else if (const std::optional<AnswerJob> job = m_queue.withdraw(conversationId)) {
        storeUnbegun(*job, {MessageState::stopped, {}});
        Q_EMIT activityChanged();
    }
}

void AnswerPipeline::stopRunning() {
    if (m_active) {
        stop(m_active->job.conversation->id());
    }
}

void AnswerPipeline::failWaiting(const QString& sentence) {
    const Ending ending{MessageState::failed, sentence};
    while (const std::optional<AnswerJob> job = m_queue.takeFirst()) {
        storeUnbegun(*job, ending);
    }
    if (m_active && !m_active->submitted) {
        m_active->failure = sentence;
        if (m_active->answerId != 0) {
            finish(ending, std::nullopt);
        }
    }
    Q_EMIT activityChanged();
}

bool AnswerPipeline::isBusy(qint64 conversationId) const {
    return isAnswering(conversationId) || m_queue.positionOf(conversationId) != 0;
}

bool AnswerPipeline::isAnswering(qint64 conversationId) const {
    return m_active && m_active->job.conversation->id() == conversationId;
}

std::optional<AwaitedAnswer> AnswerPipeline::awaited(qint64 conversationId) const {
    if (isAnswering(conversationId)) {
        return m_active->answerId == 0 ? std::optional(AwaitedAnswer{m_active->job.parentId, false})
                                       : std::nullopt;
    }
    const AnswerJob* job = m_queue.find(conversationId);
    return job ? std::optional(AwaitedAnswer{job->parentId, true}) : std::nullopt;
}

bool AnswerPipeline::shutDown(int timeoutMs) {
    m_shuttingDown = true;
    while (const std::optional<AnswerJob> job = m_queue.takeFirst()) {
        storeUnbegun(*job, {MessageState::interrupted, {}});
    }
    const bool ended = m_engine.shutDown(timeoutMs);
    if (m_active && m_active->answerId != 0) {
        finish({MessageState::interrupted, {}}, std::nullopt);
    }
    m_saver.saveAll();
    return ended;
}

// The answer is on disk, as partial, before the engine hears of it: whatever it writes has a place.
void AnswerPipeline::beginNext() {
    if (m_active || !m_model || m_shuttingDown) {
        return;
    }
    std::optional<AnswerJob> job = m_queue.takeFirst();
    if (!job) {
        return;
    }
    m_active = Active{std::move(*job), 0, false, false, {}, {}};
    m_list.addMessage(m_active->job.conversation, blankAnswer(m_active->job),
                      [this](const Result<qint64>& answerId) { begun(answerId); });
    Q_EMIT answerBegan();
    Q_EMIT activityChanged();
}

void AnswerPipeline::begun(const Result<qint64>& answerId) {
    if (!answerId) {
        const qint64 conversationId = m_active->job.conversation->id();
        m_active.reset();
        Q_EMIT problem(QString::fromStdString(answerId.error().message));
        Q_EMIT answerEnded(conversationId, 0);
        Q_EMIT activityChanged();
        beginNext();
        return;
    }
    m_active->answerId = *answerId;
    Q_EMIT activityChanged();
    if (m_active->stopWanted || m_shuttingDown) {
        finish({cancelledState(), {}}, std::nullopt);
    } else if (m_active->failure) {
        finish({MessageState::failed, *m_active->failure}, std::nullopt);
    } else {
        submit();
    }
}

// The model may have changed while the answer was on its way to disk: what stands in the provenance
// is the one that gets the request.
void AnswerPipeline::submit() {
    if (!m_active || m_active->answerId == 0 || m_active->submitted || !m_model) {
        return;
    }
    Conversation& conversation = *m_active->job.conversation;
    const ModelInfo& model = m_model->info();
    const AnsweringChoices& choices = conversation.choices();
    Provenance& provenance = m_active->provenance;
    provenance.model = model;
    provenance.model.modules.clear();
    provenance.sampling = choices.sampling.value_or(model.recommendedSampling);
    provenance.contextPolicy = choices.contextPolicy;
    provenance.appVersion = m_options.appVersion;

    MessageRecord answer = *conversation.find(m_active->answerId);
    answer.modelName = m_options.modelName(model);
    answer.provenanceJson = provenanceToJson(provenance);
    conversation.update(answer);
    m_saver.touch(m_active->job.conversation, answer.id);
    conversation.record().modelPath = QString::fromStdString(model.directory.string());
    m_list.save(conversation.id());

    m_active->submitted = true;
    m_engine.submit(AnswerRequest{m_active->job.id, conversation.id(),
                                  requestFor(conversation, m_active->job.parentId, provenance)});
}

void AnswerPipeline::progress(const AnswerProgress& progress) {
    if (!m_active || m_active->job.id != progress.requestId) {
        return;
    }
    if (!progress.text.isEmpty() || !progress.thoughts.isEmpty()) {
        const std::shared_ptr<Conversation>& conversation = m_active->job.conversation;
        conversation->appendText(m_active->answerId, progress.text, progress.thoughts);
        m_saver.touch(conversation, m_active->answerId);
        Q_EMIT answerTextChanged(conversation->id(), m_active->answerId);
    }
    if (!m_active->stopWanted) {
        Q_EMIT answerProgressed(progress);
    }
}

void AnswerPipeline::engineEnded(const AnswerEnd& end) {
    if (m_active && m_active->job.id == end.requestId) {
        finish(endingOf(end), end.generation);
    }
}

AnswerPipeline::Ending AnswerPipeline::endingOf(const AnswerEnd& end) const {
    if (end.error && end.error->code == ErrorCode::cancelled) {
        return {cancelledState(), {}};
    }
    if (end.error) {
        return {MessageState::failed, QString::fromStdString(end.error->message)};
    }
    CHECK(end.generation.has_value());
    switch (end.generation->finishReason) {
        case FinishReason::stop:
        case FinishReason::length:
            return {MessageState::complete, {}};
        case FinishReason::context:
            return {MessageState::contextFull, {}};
        case FinishReason::cancelled:
            return {cancelledState(), {}};
    }
    return {MessageState::complete, {}};
}

void AnswerPipeline::finish(const Ending& ending, const std::optional<Generation>& generation) {
    Active active = std::move(*m_active);
    m_active.reset();
    const std::shared_ptr<Conversation>& conversation = active.job.conversation;
    MessageRecord answer = *conversation->find(active.answerId);
    answer.state = ending.state;
    answer.error = ending.error;
    const bool wasStarted = generation && !generation->promptIds.empty();
    if (wasStarted) {
        active.provenance.sampling = generation->sampling;
        active.provenance.sampling.seed = generation->metrics.seed;
        active.provenance.promptIds = generation->promptIds;
        answer.provenanceJson = provenanceToJson(active.provenance);
        answer.metricsJson = figuresToJson(
            {generation->metrics, QString::fromLatin1(finishReasonName(generation->finishReason))});
    }
    conversation->update(answer);
    m_saver.save(conversation, answer.id);
    Q_EMIT answerEnded(conversation->id(), answer.id);
    beginNext();
    Q_EMIT activityChanged();
}

void AnswerPipeline::storeUnbegun(const AnswerJob& job, const Ending& ending) {
    MessageRecord answer = blankAnswer(job);
    answer.state = ending.state;
    answer.error = ending.error;
    m_list.addMessage(job.conversation, answer,
                      [this, conversation = job.conversation](const Result<qint64>& answerId) {
                          if (!answerId) {
                              Q_EMIT problem(QString::fromStdString(answerId.error().message));
                          }
                          Q_EMIT waitingEnded(conversation->id(), answerId ? *answerId : 0);
                      });
}

MessageRecord AnswerPipeline::blankAnswer(const AnswerJob& job) const {
    MessageRecord answer;
    answer.conversationId = job.conversation->id();
    answer.parentId = job.parentId;
    answer.role = Role::assistant;
    answer.state = MessageState::partial;
    answer.createdMs = m_options.nowMs();
    return answer;
}

MessageState AnswerPipeline::cancelledState() const {
    return m_shuttingDown ? MessageState::interrupted : MessageState::stopped;
}

}  // namespace apertura
