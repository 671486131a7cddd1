#include "app/engine_thread/engine_thread.h"

#include <QElapsedTimer>
#include <QTest>

#include "tests/support/fake_engine.h"

namespace apertura {
namespace {

using namespace std::chrono_literals;

// Patient with a busy machine, and much less than what it cuts short.
constexpr int kShutDownMs = 20'000;

test::FakeAnswer slowAnswer(int tokens, std::chrono::milliseconds delay) {
    test::FakeAnswer answer;
    answer.tokens.assign(static_cast<std::size_t>(tokens), test::FakeToken{"word ", {}});
    answer.delayPerToken = delay;
    return answer;
}

// An engine thread over a scripted engine, and all it has said.
class Running {
public:
    std::shared_ptr<test::FakeScript> script = std::make_shared<test::FakeScript>();
    EngineThread engine{[script = script] { return test::makeFakeEngine(script); }};
    std::vector<LoadEnd> loads;
    std::vector<AnswerEnd> ends;
    std::vector<AnswerProgress> reports;

    Running() {
        QObject::connect(&engine, &EngineThread::loadEnded, &engine,
                         [this](const LoadEnd& end) { loads.push_back(end); });
        QObject::connect(&engine, &EngineThread::answerEnded, &engine,
                         [this](const AnswerEnd& end) { ends.push_back(end); });
        QObject::connect(&engine, &EngineThread::answerProgressed, &engine,
                         [this](const AnswerProgress& report) { reports.push_back(report); });
    }

    quint64 load(const char* directory = "/models/small") {
        return engine.load(ModelSource{directory, {}});
    }
    void ask(quint64 id, qint64 key = 1) {
        Request request;
        request.prompt = TextPrompt{"question"};
        engine.submit(AnswerRequest{id, key, request});
    }
    QString textOf(quint64 id) const {
        QString text;
        for (const AnswerProgress& report : reports) {
            text += report.requestId == id ? report.text : QString();
        }
        return text;
    }
    FinishReason reasonOf(std::size_t end) const { return ends.at(end).generation->finishReason; }
};

}  // namespace

class EngineThreadTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void answersComeInTheOrderTheyWereAskedFor() {
        Running running;
        running.load();
        running.ask(1);
        running.ask(2);
        QTRY_COMPARE(running.ends.size(), 2u);
        QCOMPARE(running.ends[0].requestId, 1u);
        QCOMPARE(running.ends[1].requestId, 2u);
        QCOMPARE(running.textOf(1), QStringLiteral("You said: question"));
    }

    void aRequestWithoutAModelFailsWithASentence() {
        Running running;
        running.ask(1);
        QTRY_COMPARE(running.ends.size(), 1u);
        QVERIFY(running.ends[0].error.has_value());
    }

    void stopRightAfterSubmitIsNotLost() {
        Running running;
        running.script->setDefaultAnswer(slowAnswer(6000, 10ms));
        running.load();
        for (quint64 id = 1; id <= 20; ++id) {
            running.ask(id);
            running.engine.cancel(id);
        }
        QTRY_COMPARE_WITH_TIMEOUT(running.ends.size(), 20u, kShutDownMs);
        for (std::size_t i = 0; i < 20; ++i) {
            QCOMPARE(running.reasonOf(i), FinishReason::cancelled);
        }
    }

    void stopOfAWaitingRequestLeavesTheRunningOneAlone() {
        Running running;
        test::FakeAnswer held = slowAnswer(30, 0ms);
        held.heldAfterTokens = 2;
        running.script->addAnswer(held);
        running.load();
        running.ask(1);
        running.ask(2);
        running.engine.cancel(2);
        running.ask(3);
        running.script->release();
        QTRY_COMPARE(running.ends.size(), 3u);
        QCOMPARE(running.reasonOf(0), FinishReason::stop);
        QCOMPARE(running.reasonOf(1), FinishReason::cancelled);
        QCOMPARE(running.reasonOf(2), FinishReason::stop);
        QCOMPARE(running.script->requests().size(), 2u);
    }

    void stopNeverHitsTheNextRequest() {
        Running running;
        running.script->addAnswer(slowAnswer(1000, 5ms));
        running.load();
        running.ask(1);
        QTRY_VERIFY(!running.textOf(1).isEmpty());
        running.engine.cancel(1);
        running.ask(2);
        running.engine.cancel(1);
        QTRY_COMPARE(running.ends.size(), 2u);
        QCOMPARE(running.reasonOf(0), FinishReason::cancelled);
        QCOMPARE(running.reasonOf(1), FinishReason::stop);
    }

    void aNewLoadTakesThePlaceOfTheOneUnderWay() {
        Running running;
        test::FakeModelScript slow;
        slow.info = test::defaultModelInfo();
        slow.loadDelay = 20s;
        running.script->setModel("/models/slow", slow);
        const quint64 first = running.load("/models/slow");
        const quint64 second = running.load("/models/small");
        QTRY_COMPARE(running.loads.size(), 2u);
        QCOMPARE(running.loads[0].loadId, first);
        QCOMPARE(running.loads[0].error->code, ErrorCode::cancelled);
        QCOMPARE(running.loads[1].loadId, second);
        QVERIFY(running.loads[1].model != nullptr);
    }

    void cancelLoadEndsTheLoad() {
        Running running;
        test::FakeModelScript slow;
        slow.info = test::defaultModelInfo();
        slow.loadDelay = 20s;
        running.script->setModel("/models/slow", slow);
        running.load("/models/slow");
        QTRY_COMPARE(running.script->loads().size(), 1u);
        running.engine.cancelLoad();
        QTRY_COMPARE(running.loads.size(), 1u);
        QCOMPARE(running.loads[0].error->code, ErrorCode::cancelled);
    }

    void aLoadCancelledBeforeItBeganKeepsTheModel() {
        Running running;
        running.load();
        running.script->addAnswer(slowAnswer(100, 10ms));
        running.ask(1);
        QTRY_VERIFY(!running.textOf(1).isEmpty());
        running.load("/models/other");
        running.engine.cancelLoad();
        running.ask(2);
        QTRY_COMPARE(running.ends.size(), 2u);
        QCOMPARE(running.reasonOf(1), FinishReason::stop);
        QCOMPARE(running.loads.size(), 2u);
        QVERIFY(running.loads[1].keptModel);
    }

    void aConversationKeepsItsSessionAndTheOldestIsDropped() {
        Running running;
        running.load();
        const std::vector<qint64> keys = {1, 2, 1, 3, 1, 2};  // made for: 1, 2, 3, 2
        for (std::size_t i = 0; i < keys.size(); ++i) {
            running.ask(i + 1, keys[i]);
        }
        QTRY_COMPARE(running.ends.size(), keys.size());
        QCOMPARE(running.script->sessions().size(), 4u);
    }

    void shutDownStopsWhateverRuns_data() {
        QTest::addColumn<int>("loadMs");
        QTest::addColumn<int>("readMs");
        QTest::addColumn<int>("writeMs");
        QTest::newRow("loading") << 60000 << 0 << 0;
        QTest::newRow("reading the prompt") << 0 << 60000 << 0;
        QTest::newRow("writing") << 0 << 0 << 60000;
    }
    void shutDownStopsWhateverRuns() {
        QFETCH(int, loadMs);
        QFETCH(int, readMs);
        QFETCH(int, writeMs);
        Running running;
        test::FakeModelScript model;
        model.info = test::defaultModelInfo();
        model.loadDelay = std::chrono::milliseconds(loadMs);
        running.script->setModel("/models/small", model);
        test::FakeAnswer answer = slowAnswer(10, std::chrono::milliseconds(writeMs));
        answer.delayPerReading = std::chrono::milliseconds(readMs);
        running.script->addAnswer(answer);
        running.load();
        running.ask(1);
        QTRY_VERIFY(running.script->loads().size() == 1 &&
                    (loadMs > 0 || running.script->running() == 1));
        QElapsedTimer timer;
        timer.start();
        QVERIFY(running.engine.shutDown(kShutDownMs));
        QVERIFY(timer.elapsed() < kShutDownMs);
    }

    void shutDownDeliversTheTextWrittenSoFar() {
        Running running;
        running.script->addAnswer(slowAnswer(1000, 5ms));
        running.load();
        running.ask(1);
        QTRY_VERIFY(!running.textOf(1).isEmpty());
        QTest::qSleep(60);  // the engine writes while nobody listens
        QVERIFY(running.engine.shutDown(kShutDownMs));
        QCOMPARE(running.ends.size(), 1u);
        QCOMPARE(running.textOf(1).toStdString(), running.ends[0].generation->text);
    }
};

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::EngineThreadTest)
#include "engine_thread_test.moc"
