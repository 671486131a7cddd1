#include "inference/model/answer.h"

#include <algorithm>
#include <utility>

#include "inference/backend/host.h"

namespace apertura {

namespace {

// Share of the context that is free after the oldest turns were left out.
constexpr std::int64_t kFreeShare = 4;

}  // namespace

Answer::Answer(const LoadedModel& model, KvCache& cache, std::span<float> logits,
               const Request& request, const std::function<void(const Event&)>& onEvent,
               std::stop_token stop)
    : m_model(model),
      m_cache(cache),
      m_logits(logits),
      m_onEvent(onEvent),
      m_stop(std::move(stop)),
      m_contextPolicy(request.contextPolicy),
      m_content(request.prompt),
      m_decoder(*model.backend, model.config.numHiddenLayers) {
    m_generation.sampling = request.sampling;
}

Result<Generation> Answer::run() {
    for (const auto step : {&Answer::buildPrompt, &Answer::fitPrompt, &Answer::startSampler}) {
        if (auto done = (this->*step)(); !done) {
            return done.error();
        }
    }
    const auto read = this->read();
    if (!read) {
        return read.error();
    }
    if (*read == Step::stopped) {
        return finish(FinishReason::cancelled);
    }
    const auto reason = write();
    if (!reason) {
        return reason.error();
    }
    return finish(*reason);
}

Result<void> Answer::buildPrompt() {
    auto prompt = m_model.prompts.build(m_content, m_model.config.vocabSize);
    if (!prompt) {
        return prompt.error();
    }
    m_prompt = std::move(*prompt);
    return {};
}

Result<void> Answer::fitPrompt() {
    const std::int64_t size = m_cache.contextSize();
    if (contextUsed() >= size) {
        const std::int64_t dropped = dropTurns();
        if (dropped > 0 && contextUsed() < size) {
            m_onEvent(ContextFullEvent{dropped});
        }
    }
    if (contextUsed() >= size) {
        return Error{ErrorCode::contextTooSmall, "The prompt has " + std::to_string(contextUsed()) +
                                                     " tokens, but the context holds " +
                                                     std::to_string(size) +
                                                     " and the answer needs room as well."};
    }
    return {};
}

Result<void> Answer::startSampler() {
    SamplingOptions& options = m_generation.sampling;
    options.seed = resolvedSeed(options);
    if (options.stop.empty()) {
        options.stop = m_prompt.stops;
    }
    SamplerStart start;
    start.options = options;
    start.seed = *options.seed;
    start.breakers = dryBreakers(options, *m_model.tokenizer);
    start.history = m_prompt.ids;
    start.history.insert(start.history.end(), m_generation.ids.begin(), m_generation.ids.end());
    start.promptLength = m_prompt.ids.size();
    start.vocabularySize = m_model.config.outputVocabSize;
    auto sampler = Sampler::create(std::move(start));
    if (!sampler) {
        return sampler.error();
    }
    m_sampler.emplace(std::move(*sampler));
    m_wanted = {std::min(bestLogitsWanted(options), m_model.config.outputVocabSize),
                options.temperature > 0.0 ? options.temperature : 1.0};
    return {};
}

Result<Answer::Step> Answer::read() {
    const auto began = Clock::now();
    std::vector<TokenId> ids = m_prompt.ids;
    ids.insert(ids.end(), m_generation.ids.begin(), m_generation.ids.end());
    const auto count = static_cast<std::int64_t>(ids.size());
    // The last id is computed in any case: its logits are not kept.
    const std::int64_t reused = m_cache.keepCommonPrefix(ids, count - 1);
    if (m_generation.ids.empty()) {
        m_tokensReused = reused;
    }
    const std::int64_t perPass = m_model.backend->maxTokensPerPass();
    m_onEvent(PhaseEvent{Phase::readingPrompt, 0, count - reused});
    while (m_cache.size() < count) {
        const std::int64_t tokens = std::min(perPass, count - m_cache.size());
        const auto part = std::span(ids).subspan(static_cast<std::size_t>(m_cache.size()),
                                                 static_cast<std::size_t>(tokens));
        if (auto reserved = m_cache.reserve(tokens); !reserved) {
            return reserved.error();
        }
        const Pass pass{m_cache.sequence(), m_cache.size(), tokens};
        if (m_stop.stop_requested() || !m_decoder.advance(pass, part, m_stop)) {
            return Step::stopped;
        }
        if (m_cache.size() + tokens == count) {
            computeLogits(pass);
        }
        m_cache.append(part);
        m_tokensRead += tokens;
        m_onEvent(PhaseEvent{Phase::readingPrompt, m_cache.size() - reused, count - reused});
    }
    const std::chrono::duration<double> took = Clock::now() - began;
    m_reading += took;
    if (m_firstToken) {
        m_rereading += took;
    }
    m_onEvent(PhaseEvent{Phase::writing, static_cast<std::int64_t>(m_generation.ids.size()),
                         m_generation.sampling.maxTokens.value_or(0)});
    return Step::goesOn;
}

Result<FinishReason> Answer::write() {
    m_text.emplace(*m_model.tokenizer, m_generation.sampling.stop, m_prompt.begin, m_onEvent);
    while (!m_stop.stop_requested()) {
        const auto id = takeToken();
        if (!id) {
            return id.error();
        }
        if (const auto reason = reasonToEnd(*id)) {
            return *reason;
        }
        Result<Step> step = Step::goesOn;
        if (contextUsed() < m_cache.contextSize()) {
            step = feed(*id);
        } else {
            const std::int64_t dropped = dropTurns();
            m_onEvent(ContextFullEvent{contextUsed() < m_cache.contextSize() ? dropped : 0});
            if (contextUsed() >= m_cache.contextSize()) {
                return FinishReason::context;
            }
            step = goOnWithoutOldestTurns();
        }
        if (!step) {
            return step.error();
        }
        if (*step == Step::stopped) {
            break;
        }
    }
    return FinishReason::cancelled;
}

void Answer::computeLogits(const Pass& pass) {
    m_isRowThere = m_wanted.count == 0;
    if (m_isRowThere) {
        m_model.backend->logits(pass,
                                {m_logits.data(), 1, static_cast<std::int64_t>(m_logits.size())});
    } else {
        m_model.backend->bestLogits(pass, m_wanted, m_logits, m_best);
    }
}

Result<TokenId> Answer::chooseToken() {
    if (!m_isRowThere) {
        if (const auto id = m_sampler->next(m_best)) {
            return *id;
        }
        m_model.backend->fetchLogits(m_cache.sequence(), m_logits);
        m_isRowThere = true;
    }
    return m_sampler->next(m_logits);
}

Result<TokenId> Answer::takeToken() {
    const auto id = chooseToken();
    if (!id) {
        return id.error();
    }
    m_lastToken = Clock::now();
    if (!m_firstToken) {
        m_firstToken = m_lastToken;
    }
    m_generation.ids.push_back(*id);
    SampledToken token{*id, 0.0, 0, {}};
    if (m_generation.sampling.logprobs > 0) {
        const std::int64_t count = m_generation.sampling.logprobs;
        token = m_isRowThere ? logProbabilities(m_logits, *id, count)
                             : logProbabilities(m_best, *id, count);
        m_generation.logprobs.push_back(token);
    }
    // A special token is no text of its own, but may end a span.
    if (!m_model.isStop(*id) || m_model.tokenizer->isSpecial(*id)) {
        m_text->push(*id);
    }
    m_onEvent(TokensEvent{{std::move(token)}, tokensPerSecond(), contextUsed()});
    return *id;
}

std::optional<FinishReason> Answer::reasonToEnd(TokenId id) const {
    const SamplingOptions& options = m_generation.sampling;
    if (m_text->stopped() || (m_model.isStop(id) && !options.ignoreEndOfSequence)) {
        return FinishReason::stop;
    }
    if (options.maxTokens &&
        static_cast<std::int64_t>(m_generation.ids.size()) >= *options.maxTokens) {
        return FinishReason::length;
    }
    return std::nullopt;
}

Result<Answer::Step> Answer::feed(TokenId id) {
    if (auto reserved = m_cache.reserve(1); !reserved) {
        return reserved.error();
    }
    const Pass pass{m_cache.sequence(), m_cache.size(), 1};
    if (!m_decoder.advance(pass, std::span(&id, 1), m_stop)) {
        return Step::stopped;
    }
    computeLogits(pass);
    m_cache.append(std::span(&id, 1));
    return Step::goesOn;
}

std::int64_t Answer::dropTurns() {
    auto* chat = std::get_if<ChatPrompt>(&m_content);
    const std::int64_t goal = m_cache.contextSize() - m_cache.contextSize() / kFreeShare;
    std::int64_t dropped = 0;
    while (m_contextPolicy == ContextPolicy::dropOldestTurns && chat != nullptr &&
           contextUsed() > goal) {
        const auto shorter = withoutOldestTurn(chat->messagesJson);
        if (!shorter) {
            break;
        }
        const std::string before = std::exchange(chat->messagesJson, shorter->messagesJson);
        if (!buildPrompt()) {
            chat->messagesJson = before;
            break;
        }
        dropped += shorter->dropped;
    }
    return dropped;
}

Result<Answer::Step> Answer::goOnWithoutOldestTurns() {
    // The history that penalties look at is the context, so it starts anew with the shorter prompt.
    if (auto started = startSampler(); !started) {
        return started.error();
    }
    return read();
}

std::int64_t Answer::contextUsed() const {
    return static_cast<std::int64_t>(m_prompt.ids.size() + m_generation.ids.size());
}

double Answer::tokensPerSecond() const {
    if (m_generation.ids.size() < 2) {
        return 0.0;
    }
    const std::chrono::duration<double> writing = m_lastToken - *m_firstToken - m_rereading;
    return writing.count() > 0 ? static_cast<double>(m_generation.ids.size() - 1) / writing.count()
                               : 0.0;
}

Generation Answer::finish(FinishReason reason) {
    if (m_text) {
        if (!m_text->stopped()) {
            m_text->finish();
        }
        m_generation.text = m_text->of(SpanKind::response);
        m_generation.thoughts = m_text->of(SpanKind::thoughts);
        m_generation.toolCalls = m_text->of(SpanKind::toolCalls);
    }
    m_generation.finishReason = reason;
    m_generation.promptIds = m_prompt.ids;
    m_generation.metrics = metrics();
    return std::move(m_generation);
}

Metrics Answer::metrics() const {
    const DeviceMemory memory = m_model.backend->memory();
    const Sequence& sequence = m_cache.sequence();
    Metrics metrics;
    metrics.loadSeconds = m_model.info.loadSeconds;
    metrics.promptTokens = static_cast<std::int64_t>(m_prompt.ids.size());
    metrics.reusedTokens = m_tokensReused;
    if (m_reading.count() > 0) {
        metrics.prefillTokensPerSecond = static_cast<double>(m_tokensRead) / m_reading.count();
    }
    if (m_firstToken) {
        metrics.timeToFirstTokenSeconds =
            std::chrono::duration<double>(*m_firstToken - m_start).count();
    }
    metrics.completionTokens = static_cast<std::int64_t>(m_generation.ids.size());
    metrics.decodeTokensPerSecond = tokensPerSecond();
    metrics.backend = m_model.info.backend;
    metrics.device = m_model.info.device;
    metrics.decodePath = sequence.decodePath();
    metrics.weightBytes = m_model.info.weightBytes;
    metrics.kvBytes = sequence.kvBytes();
    metrics.scratchBytes =
        sequence.scratchBytes() + static_cast<std::int64_t>(m_logits.size_bytes());
    metrics.adapterBytes = m_model.info.adapterBytes;
    metrics.deviceMemoryUsedBytes = memory.usedBytes;
    metrics.deviceMemoryFreeBytes = memory.freeBytes;
    metrics.deviceMemoryOwnBytes = memory.ownBytes;
    metrics.processMemoryBytes = residentBytes();
    metrics.contextUsed = contextUsed();
    metrics.contextSize = m_cache.contextSize();
    metrics.seed = m_generation.sampling.seed.value_or(0);
    return metrics;
}

}  // namespace apertura
