// Makes few updates out of many events of one answer: text at most about 30 times a second, figures
// at most four times, a new phase at once.
#pragma once

#include <chrono>
#include <functional>

#include <QString>

#include "inference/engine.h"

namespace apertura {

// What has happened to one answer since the update before. A negative figure is unknown.
struct AnswerProgress {
    quint64 requestId = 0;
    QString text;  // to be appended
    QString thoughts;
    Phase phase = Phase::readingPrompt;
    qint64 done = 0;  // prompt tokens read; of the phase `writing`: tokens written
    qint64 total = 0;
    double prefillTokensPerSecond = -1;
    double decodeTokensPerSecond = -1;
    double timeToFirstTokenSeconds = -1;
    qint64 contextUsed = -1;
    qint64 contextSize = -1;
};

// Threads: the engine thread only. Nothing of it waits: what is held back goes out with a later
// event, or with flush().
class ProgressCollector {
public:
    using Clock = std::chrono::steady_clock;

    static constexpr std::chrono::milliseconds kTextInterval{33};
    static constexpr std::chrono::milliseconds kFiguresInterval{250};

    // `now` is the time; tests turn it by hand.
    ProgressCollector(quint64 requestId, qint64 contextSize,
                      std::function<void(const AnswerProgress&)> report,
                      std::function<Clock::time_point()> now = Clock::now);

    void add(const Event& event);
    void flush();

private:
    void addPhase(const PhaseEvent& event);
    void addText(const TextEvent& event);
    void addTokens(const TokensEvent& event);
    void noteFirstToken();

    AnswerProgress m_progress;
    std::function<void(const AnswerProgress&)> m_report;
    std::function<Clock::time_point()> m_now;
    Clock::time_point m_begin;         // of the request
    Clock::time_point m_readingBegin;  // of the first token of the prompt
    Clock::time_point m_lastText;
    Clock::time_point m_lastReport;
    qint64 m_readingDoneAtBegin = 0;
    bool m_reading = false;
    bool m_hasNews = false;
};

}  // namespace apertura
