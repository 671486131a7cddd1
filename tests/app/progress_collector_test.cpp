#include "app/engine_thread/progress_collector.h"

#include <vector>

#include <QTest>

namespace apertura {
namespace {

using namespace std::chrono_literals;

// A collector whose time stands still until it is turned.
class Collected {
public:
    ProgressCollector::Clock::time_point now{};
    std::vector<AnswerProgress> reports;
    ProgressCollector collector{
        7, 8192, [this](const AnswerProgress& progress) { reports.push_back(progress); },
        [this] { return now; }};

    void text(const char* utf8) { collector.add(TextEvent{utf8, SpanKind::response}); }
    QString joined() const {
        QString all;
        for (const AnswerProgress& report : reports) {
            all += report.text;
        }
        return all;
    }
};

}  // namespace

class ProgressCollectorTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theFirstTextGoesOutAtOnce() {
        Collected collected;
        collected.collector.add(PhaseEvent{Phase::writing, 0, 0});
        collected.text("Grüezi");
        QCOMPARE(collected.joined(), QStringLiteral("Grüezi"));
        QCOMPARE(collected.reports.back().requestId, 7u);
        QCOMPARE(collected.reports.back().contextSize, 8192);
    }

    void aThousandTokensASecondAreAboutThirtyUpdates() {
        Collected collected;
        collected.collector.add(PhaseEvent{Phase::writing, 0, 0});
        for (int i = 0; i < 1000; ++i) {
            collected.text("x");
            collected.collector.add(TokensEvent{{SampledToken{}}, 1000.0, i});
            collected.now += 1ms;
        }
        collected.collector.flush();
        QCOMPARE(collected.joined().size(), 1000);
        QVERIFY2(collected.reports.size() <= 36,
                 qPrintable(QString::number(collected.reports.size())));
        QVERIFY(collected.reports.size() >= 28);
    }

    void figuresAloneGoOutFourTimesASecond() {
        Collected collected;
        for (int read = 0; read <= 1000; ++read) {
            collected.collector.add(PhaseEvent{Phase::readingPrompt, read, 1000});
            collected.now += 1ms;
        }
        QVERIFY(collected.reports.size() <= 6);
        const AnswerProgress& last = collected.reports.back();
        QVERIFY(last.prefillTokensPerSecond > 900 && last.prefillTokensPerSecond < 1100);
    }

    void aNewPhaseGoesOutAtOnce() {
        Collected collected;
        collected.collector.add(PhaseEvent{Phase::readingPrompt, 0, 10});
        collected.collector.add(PhaseEvent{Phase::writing, 0, 0});
        QCOMPARE(collected.reports.size(), 2u);
        QCOMPARE(collected.reports[1].phase, Phase::writing);
    }

    void timeToFirstTokenIsKeptFromTheFirstOne() {
        Collected collected;
        collected.now += 200ms;
        collected.text("a");
        collected.now += 500ms;
        collected.text("b");
        QCOMPARE(collected.reports.back().timeToFirstTokenSeconds, 0.2);
    }

    void thoughtsStayApart() {
        Collected collected;
        collected.collector.add(TextEvent{"hm", SpanKind::thoughts});
        QCOMPARE(collected.reports.back().thoughts, QStringLiteral("hm"));
        QVERIFY(collected.reports.back().text.isEmpty());
    }

    void flushSaysNothingTwice() {
        Collected collected;
        collected.text("a");
        collected.collector.flush();
        collected.collector.flush();
        QCOMPARE(collected.reports.size(), 1u);
    }
};

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::ProgressCollectorTest)
#include "progress_collector_test.moc"
