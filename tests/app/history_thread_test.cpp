// The history's thread: order, answers, and the end.
#include "app/history/history_thread.h"

#include <QSemaphore>
#include <QSignalSpy>
#include <QTest>

#include "tests/app/history_fixture.h"

namespace apertura {
namespace {

Result<OpenedHistory> openInMemory() {
    return openHistory({.path = QStringLiteral(":memory:"), .nowMs = {}});
}

Result<OpenedHistory> openNothing() {
    return Error{ErrorCode::storageFailed, "No history today."};
}

}  // namespace

class HistoryThreadTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void answersArriveInOrderOnTheThreadThatAsked();
    void worksOnAThreadOfItsOwn();
    void answerForAReceiverThatIsGoneIsDropped();
    void drainWaitsAlsoForWhatAnswersRequest();
    void drainGivesUpInTime();
    void destructionFinishesTheQueue();
    void failureToOpenAnswersEveryRequest();
    void openingIsSaid();
};

void HistoryThreadTest::answersArriveInOrderOnTheThreadThatAsked() {
    HistoryThread history(openInMemory);
    QList<qint64> ids;
    for (int n = 0; n < 50; ++n) {
        history.request<qint64>([](HistoryStore& store) { return store.addConversation({}); }, this,
                                [&ids](const Result<qint64>& id) {
                                    QCOMPARE(QThread::currentThread(), qApp->thread());
                                    ids.append(must(id));
                                });
    }
    QVERIFY(ids.isEmpty());
    QTRY_COMPARE(ids.size(), 50);
    QVERIFY(std::is_sorted(ids.begin(), ids.end()));
}

void HistoryThreadTest::worksOnAThreadOfItsOwn() {
    HistoryThread history(openInMemory);
    bool own = false;
    history.request<bool>(
        [](HistoryStore&) { return Result<bool>(QThread::currentThread() != qApp->thread()); },
        this, [&own](const Result<bool>& answer) { own = must(answer); });
    QTRY_VERIFY(own);
}

void HistoryThreadTest::answerForAReceiverThatIsGoneIsDropped() {
    HistoryThread history(openInMemory);
    bool answered = false;
    auto receiver = std::make_unique<QObject>();
    history.request<qint64>([](HistoryStore& store) { return store.addConversation({}); },
                            receiver.get(),
                            [&answered](const Result<qint64>&) { answered = true; });
    receiver.reset();
    std::size_t count = 0;
    history.request<std::vector<ConversationRecord>>(
        [](HistoryStore& store) { return store.conversations(); }, this,
        [&count](const Result<std::vector<ConversationRecord>>& all) { count = must(all).size(); });
    QVERIFY(history.drain(5000));
    QCOMPARE(count, 1U);  // the work was done all the same
    QVERIFY(!answered);
}

void HistoryThreadTest::drainWaitsAlsoForWhatAnswersRequest() {
    HistoryThread history(openInMemory);
    bool renamed = false;
    history.request<qint64>([](HistoryStore& store) { return store.addConversation({}); }, this,
                            [this, &history, &renamed](const Result<qint64>& added) {
                                ConversationRecord conversation;
                                conversation.id = must(added);
                                conversation.title = QStringLiteral("later");
                                history.request<void>(
                                    [conversation](HistoryStore& store) {
                                        return store.updateConversation(conversation);
                                    },
                                    this,
                                    [&renamed](const Result<void>& done) { renamed = done.ok(); });
                            });
    QVERIFY(history.drain(5000));
    QVERIFY(renamed);
    QVERIFY(history.drain(0));
}

void HistoryThreadTest::drainGivesUpInTime() {
    QSemaphore gate;
    HistoryThread history(openInMemory);
    bool answered = false;
    history.request<void>(
        [&gate](HistoryStore&) {
            gate.acquire();
            return Result<void>();
        },
        this, [&answered](const Result<void>&) { answered = true; });
    QVERIFY(!history.drain(50));
    QVERIFY(!answered);
    gate.release();
    QVERIFY(history.drain(5000));
    QVERIFY(answered);
}

void HistoryThreadTest::destructionFinishesTheQueue() {
    int done = 0;
    {
        HistoryThread history(openInMemory);
        for (int n = 0; n < 20; ++n) {
            history.request<void>(
                [&done](HistoryStore&) {
                    ++done;
                    return Result<void>();
                },
                this, [](const Result<void>&) { QFAIL("answered after its end"); });
        }
    }
    QCOMPARE(done, 20);
    QCoreApplication::processEvents();
}

void HistoryThreadTest::failureToOpenAnswersEveryRequest() {
    HistoryThread history(openNothing);
    const QSignalSpy failed(&history, &HistoryThread::openFailed);
    std::string sentence;
    history.request<int>(
        [](HistoryStore& store) { return store.markInterrupted(); }, this,
        [&sentence](const Result<int>& answer) { sentence = answer.error().message; });
    QVERIFY(history.drain(5000));
    QCOMPARE(sentence, std::string("No history today."));
    QCOMPARE(failed.size(), 1);
    QCOMPARE(failed[0][0].toString(), QStringLiteral("No history today."));
}

void HistoryThreadTest::openingIsSaid() {
    HistoryThread history([] {
        OpenedHistory opened = openForTest(QStringLiteral(":memory:"));
        opened.notices.append(QStringLiteral("Rescued."));
        return Result<OpenedHistory>(std::move(opened));
    });
    QSignalSpy opened(&history, &HistoryThread::opened);
    QTRY_COMPARE(opened.size(), 1);
    QCOMPARE(opened[0][0].toStringList(), QStringList{QStringLiteral("Rescued.")});
}

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::HistoryThreadTest)
#include "history_thread_test.moc"
