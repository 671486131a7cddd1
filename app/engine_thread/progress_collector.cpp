#include "app/engine_thread/progress_collector.h"

#include <utility>

namespace apertura {

namespace {

double secondsBetween(ProgressCollector::Clock::time_point from,
                      ProgressCollector::Clock::time_point to) {
    return std::chrono::duration<double>(to - from).count();
}

}  // namespace

ProgressCollector::ProgressCollector(quint64 requestId, qint64 contextSize,
                                     std::function<void(const AnswerProgress&)> report,
                                     std::function<Clock::time_point()> now)
    : m_report(std::move(report)),
      m_now(std::move(now)),
      m_begin(m_now()),
      m_lastText(m_begin - kTextInterval),
      m_lastReport(m_begin - kFiguresInterval) {
    m_progress.requestId = requestId;
    m_progress.contextSize = contextSize;
}

void ProgressCollector::add(const Event& event) {
    if (const auto* phase = std::get_if<PhaseEvent>(&event)) {
        addPhase(*phase);
    } else if (const auto* text = std::get_if<TextEvent>(&event)) {
        addText(*text);
    } else if (const auto* tokens = std::get_if<TokensEvent>(&event)) {
        addTokens(*tokens);
    }
}

void ProgressCollector::flush() {
    if (!m_hasNews) {
        return;
    }
    m_hasNews = false;
    m_lastReport = m_now();
    if (!m_progress.text.isEmpty() || !m_progress.thoughts.isEmpty()) {
        m_lastText = m_lastReport;
    }
    m_report(m_progress);
    m_progress.text.clear();
    m_progress.thoughts.clear();
}

void ProgressCollector::addPhase(const PhaseEvent& event) {
    const bool isNew = event.phase != m_progress.phase || !m_reading;
    const auto now = m_now();
    if (event.phase == Phase::readingPrompt) {
        if (!m_reading) {
            m_reading = true;
            m_readingBegin = now;
            m_readingDoneAtBegin = event.done;
        }
        const double seconds = secondsBetween(m_readingBegin, now);
        const qint64 read = event.done - m_readingDoneAtBegin;
        if (read > 0 && seconds > 0) {
            m_progress.prefillTokensPerSecond = static_cast<double>(read) / seconds;
        }
    }
    m_progress.phase = event.phase;
    m_progress.done = event.done;
    m_progress.total = event.total;
    m_hasNews = true;
    if (isNew || now - m_lastReport >= kFiguresInterval) {
        flush();
    }
}

void ProgressCollector::addText(const TextEvent& event) {
    noteFirstToken();
    QString& part = event.kind == SpanKind::thoughts ? m_progress.thoughts : m_progress.text;
    part += QString::fromUtf8(event.utf8.data(), static_cast<qsizetype>(event.utf8.size()));
    m_hasNews = true;
    if (m_now() - m_lastText >= kTextInterval) {
        flush();
    }
}

void ProgressCollector::addTokens(const TokensEvent& event) {
    noteFirstToken();
    m_progress.done += static_cast<qint64>(event.tokens.size());
    m_progress.contextUsed = event.contextUsed;
    if (event.tokensPerSecond > 0) {
        m_progress.decodeTokensPerSecond = event.tokensPerSecond;
    }
    m_hasNews = true;
    if (m_now() - m_lastReport >= kFiguresInterval) {
        flush();
    }
}

void ProgressCollector::noteFirstToken() {
    if (m_progress.timeToFirstTokenSeconds < 0) {
        m_progress.timeToFirstTokenSeconds = secondsBetween(m_begin, m_now());
    }
}

}  // namespace apertura
