// Stopping, waiting, failing and leaving: what happens when things do not go straight on.
#include <QElapsedTimer>

#include "tests/app/chat_fixture.h"

namespace apertura {

using namespace std::chrono_literals;
using test::Chat;
using test::heldAnswer;
using test::slowAnswer;

namespace {

test::FakeModelScript slowModel() {
    test::FakeModelScript model;
    model.info = test::defaultModelInfo();
    model.loadDelay = 60s;
    return model;
}

// Asks for another model while an answer is being written, which waits for the script's release.
void loadBehindAnAnswer(Chat& chat, const QString& model) {
    chat.script->addAnswer(heldAnswer(30));
    chat.start();
    QTRY_VERIFY(chat.isReady());
    chat->send(QStringLiteral("q"));
    QTRY_VERIFY(!chat.last().text.isEmpty());
    chat->loadModel(model);
    QCOMPARE(chat->model().phase, ModelPhase::loading);
}

}  // namespace

class ChatBusyTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void stopKeepsTheTextAlreadyShown() {
        Chat chat;
        chat.script->addAnswer(slowAnswer(1000, 10ms));
        chat.start();
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.last().text.size() > 20);
        const QString shown = chat.last().text;
        chat->stop();
        QTRY_VERIFY(chat.hasAnswered(2));
        QCOMPARE(chat.last().state, MessageState::stopped);
        QCOMPARE(chat.last().finishReason, QStringLiteral("cancelled"));
        QVERIFY(chat.last().text.startsWith(shown));
        chat->send(QStringLiteral("next"));
        QTRY_VERIFY(chat.hasAnswered(4));
        QCOMPARE(chat.last().text, QStringLiteral("You said: next"));
    }

    void stopRightAfterSendIsNotLost_data() {
        QTest::addColumn<int>("waitMs");
        for (const int waitMs : {0, 1, 5, 15, 40}) {
            QTest::addRow("%d ms after", waitMs) << waitMs;
        }
    }
    void stopRightAfterSendIsNotLost() {
        QFETCH(int, waitMs);
        Chat chat;
        chat.script->setDefaultAnswer(slowAnswer(6000, 10ms));
        chat.start();
        QTRY_VERIFY(chat.isReady());
        chat.fault->slowMs = 10;
        chat->send(QStringLiteral("q"));
        if (waitMs > 0) {
            QTest::qWait(waitMs);
        }
        chat->stop();
        QTRY_VERIFY_WITH_TIMEOUT(chat.hasAnswered(2), 20'000);
        QCOMPARE(chat.last().state, MessageState::stopped);
        QCOMPARE(chat.script->running(), 0);
    }

    void anAnswerGoesOnWhileAnotherChatIsRead() {
        Chat chat;
        chat.start();
        chat->send(QStringLiteral("read this"));
        QTRY_VERIFY(chat.hasAnswered(2));
        const qint64 other = chat->currentConversation();
        chat.script->addAnswer(heldAnswer(40));
        chat->startConversation();
        chat->send(QStringLiteral("long"));
        QTRY_VERIFY(!chat.last().text.isEmpty());
        const qint64 busy = chat->currentConversation();
        chat->openConversation(other);
        QTRY_COMPARE(chat->currentConversation(), other);
        QVERIFY(chat.summary(busy).answering);
        QVERIFY(!chat.summary(busy).unread);
        chat.script->release();
        QTRY_VERIFY(!chat.summary(busy).answering);
        QVERIFY(chat.summary(busy).unread);
        chat->openConversation(busy);
        QTRY_COMPARE(chat->currentConversation(), busy);
        QCOMPARE(chat.last().text.size(), 200);
        QVERIFY(!chat.summary(busy).unread);
    }

    void furtherRequestsQueueVisiblyAndCanBeWithdrawn() {
        Chat chat;
        chat.script->addAnswer(heldAnswer(1000));
        chat.start();
        QVector<qint64> ids;
        for (const char* text : {"one", "two", "three"}) {
            chat->startConversation();
            chat->send(QString::fromLatin1(text));
            QTRY_COMPARE(chat->turns().size(), 2);
            ids << chat->currentConversation();
        }
        QTRY_VERIFY(chat.summary(ids[0]).answering);
        QCOMPARE(chat.summary(ids[1]).queuePosition, 1);
        QCOMPARE(chat.summary(ids[2]).queuePosition, 2);
        QVERIFY(chat.last().queued);
        chat->withdraw(ids[1]);
        QCOMPARE(chat.summary(ids[2]).queuePosition, 1);
        chat->withdraw(ids[0]);  // is being written: not withdrawn, but stopped by stop() only
        QVERIFY(chat.summary(ids[0]).answering);
        chat->openConversation(ids[0]);
        QTRY_COMPARE(chat->currentConversation(), ids[0]);
        chat->stop();
        QTRY_VERIFY(chat.isIdle());
        chat->openConversation(ids[2]);
        QTRY_COMPARE(chat->currentConversation(), ids[2]);
        QTRY_VERIFY(chat.hasAnswered(2));
        QCOMPARE(chat.last().text, QStringLiteral("You said: three"));
        chat->openConversation(ids[1]);
        QTRY_COMPARE(chat->currentConversation(), ids[1]);
        QCOMPARE(chat.last().state, MessageState::stopped);
        QCOMPARE(chat.script->requests().size(), 2u);
        chat->regenerate(chat.last().id);
        QTRY_VERIFY(chat.hasAnswered(2) && chat.last().state == MessageState::complete);
    }

    void withdrawingLeavesTheFiguresOfTheRunningAnswerAlone() {
        Chat chat;
        chat.script->addAnswer(heldAnswer(1000));
        chat.start();
        chat->send(QStringLiteral("one"));
        QTRY_COMPARE(chat->readouts().phase, ActivityPhase::writing);
        const qint64 began = chat->readouts().phaseStartedMs;
        chat->startConversation();
        chat->send(QStringLiteral("two"));
        QTRY_VERIFY(chat.last().queued);
        chat->withdraw(chat->currentConversation());
        QTRY_COMPARE(chat.last().state, MessageState::stopped);
        QCOMPARE(chat->readouts().phase, ActivityPhase::writing);
        QCOMPARE(chat->readouts().phaseStartedMs, began);
        chat->stopRunning();
        QTRY_VERIFY(chat.isIdle());
        QCOMPARE(chat->readouts().phase, ActivityPhase::idle);
    }

    void stopWhileWaitingIsNotLost() {
        Chat chat;
        chat.script->addAnswer(heldAnswer(30));
        chat.start();
        chat->send(QStringLiteral("one"));
        QTRY_COMPARE(chat->turns().size(), 2);
        chat->startConversation();
        chat->send(QStringLiteral("two"));
        QTRY_VERIFY(chat.last().queued);
        chat->stop();
        chat.script->release();
        QTRY_VERIFY(chat.isIdle());
        QTRY_COMPARE(chat.last().state, MessageState::stopped);  // it goes to disk by itself
        QCOMPARE(chat.script->requests().size(), 1u);
    }

    void sendingTwiceGivesTheSecondTextBack() {
        Chat chat;
        chat.script->addAnswer(slowAnswer(20, 10ms));
        chat.start();
        chat->send(QStringLiteral("one"));
        chat->send(QStringLiteral("two"));
        QCOMPARE(chat.givenBack, QStringList{QStringLiteral("two")});
        QTRY_VERIFY(chat.hasAnswered(2));
        QCOMPARE(chat->conversations().size(), 1);
    }

    void deletingStopsWhatRunsThere() {
        Chat chat;
        chat.script->addAnswer(heldAnswer(1000));
        chat.start();
        chat->send(QStringLiteral("one"));
        QTRY_VERIFY(!chat.last().text.isEmpty());
        const qint64 id = chat->currentConversation();
        chat->deleteConversation(id);
        QTRY_COMPARE(chat.script->running(), 0);
        QTRY_VERIFY(chat->conversations().isEmpty());
        chat->restoreConversation(id);
        QTRY_COMPARE(chat->currentConversation(), id);
        QCOMPARE(chat.last().state, MessageState::stopped);
        QVERIFY(!chat.last().text.isEmpty());
    }

    void deletingStopsAQuestionThatIsOnItsWayToDisk() {
        Chat chat;
        chat.start();
        chat->send(QStringLiteral("one"));
        QTRY_VERIFY(chat.hasAnswered(2));
        chat.script->addAnswer(slowAnswer(1000, 10ms));
        const qint64 id = chat->currentConversation();
        chat->send(QStringLiteral("two"));
        chat->deleteConversation(id);
        QTRY_VERIFY(chat->conversations().isEmpty());
        chat->restoreConversation(id);
        QTRY_COMPARE(chat->currentConversation(), id);
        QTRY_VERIFY(chat.hasAnswered(4));
        QCOMPARE(chat.last().state, MessageState::stopped);
        QCOMPARE(chat.script->requests().size(), 1u);
    }

    void anErrorIsKeptWithTheAnswerAndBlocksNothing() {
        Chat chat;
        test::FakeAnswer failing = test::FakeAnswer::words("half an");
        failing.error = Error{ErrorCode::deviceLost, "The device is gone."};
        chat.script->addAnswer(failing);
        chat.start();
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(2));
        QCOMPARE(chat.last().state, MessageState::failed);
        QCOMPARE(chat.last().error, QStringLiteral("The device is gone."));
        QCOMPARE(chat.last().text, QStringLiteral("half an"));
        chat->send(QStringLiteral("again"));
        QTRY_VERIFY(chat.hasAnswered(4));
        chat.restart();
        QTRY_COMPARE(chat->turns().size(), 4);
        QCOMPARE(chat->turns()[1].error, QStringLiteral("The device is gone."));
    }

    void aModelThatFailsToLoadLeavesEverythingUsable() {
        Chat chat;
        test::FakeModelScript broken;
        broken.info = test::defaultModelInfo();
        broken.loadError = Error{ErrorCode::fileCorrupt, "model.safetensors: cut off."};
        chat.script->setModel("/models/broken", broken);
        chat.start(QStringLiteral("/models/broken"));
        QTRY_COMPARE(chat->model().phase, ModelPhase::failed);
        QCOMPARE(chat->model().error, QStringLiteral("model.safetensors: cut off."));
        chat->send(QStringLiteral("q"));
        QCOMPARE(chat.givenBack, QStringList{QStringLiteral("q")});
        chat->loadModel(QStringLiteral("/models/small"));
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(2));
        QCOMPARE(chat.settings().lastModel(), QStringLiteral("/models/small"));
    }

    void aRequestWaitsForTheModelAndFailsWithIt() {
        Chat chat;
        chat.script->setModel("/models/slow", slowModel());
        chat.start(QStringLiteral("/models/slow"));
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.last().queued);
        chat->cancelLoading();
        QTRY_VERIFY(chat.hasAnswered(2));
        QCOMPARE(chat->model().phase, ModelPhase::none);
        QCOMPARE(chat.last().state, MessageState::failed);
        QVERIFY(!chat.last().error.isEmpty());
    }

    void aLoadThatWaitsForAnAnswerCanBeCancelled() {
        Chat chat;
        loadBehindAnAnswer(chat, QStringLiteral("/models/other"));
        chat->cancelLoading();
        // The model that writes stays, and nobody has to wait for that.
        QCOMPARE(chat->model().phase, ModelPhase::ready);
        QCOMPARE(chat->model().path, QStringLiteral("/models/small"));
        QCOMPARE(chat.last().state, MessageState::partial);
        chat.script->release();
        QTRY_VERIFY(chat.hasAnswered(2));
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(4));
        QCOMPARE(chat.last().modelName, QStringLiteral("small"));
        QCOMPARE(chat.last().state, MessageState::complete);
        QCOMPARE(chat.script->loads().size(), 1u);
        QCOMPARE(chat.settings().lastModel(), QStringLiteral("/models/small"));
    }

    void aLoadThatWaitsCanBeReplacedAndThenCancelled() {
        Chat chat;
        loadBehindAnAnswer(chat, QStringLiteral("/models/other"));
        chat->loadModel(QStringLiteral("/models/third"));
        chat->cancelLoading();
        QCOMPARE(chat->model().path, QStringLiteral("/models/small"));
        chat->loadModel(QStringLiteral("/models/third"));
        chat.script->release();
        QTRY_VERIFY(chat.hasAnswered(2) && chat.isReady());
        QCOMPARE(chat->model().path, QStringLiteral("/models/third"));
    }

    void anotherModelAnswersTheNextQuestion() {
        Chat chat;
        loadBehindAnAnswer(chat, QStringLiteral("/models/other"));
        chat.script->release();
        QTRY_VERIFY(chat.hasAnswered(2));
        QCOMPARE(chat.last().modelName, QStringLiteral("small"));
        chat->regenerate(chat.last().id);
        QTRY_VERIFY(chat.hasAnswered(2) && chat.last().version == 2);
        QCOMPARE(chat.last().modelName, QStringLiteral("other"));
    }

    void aFullDiskGivesTheTextBackAndGeneratesNothing() {
        Chat chat;
        chat.start();
        QTRY_VERIFY(chat.isReady());
        chat.fault->isFull = true;
        chat->send(QStringLiteral("precious words"));
        QTRY_COMPARE(chat.givenBack, QStringList{QStringLiteral("precious words")});
        QVERIFY(chat->turns().isEmpty());
        QCOMPARE(chat.script->requests().size(), 0u);
        chat.fault->isFull = false;
        chat->send(QStringLiteral("precious words"));
        QTRY_VERIFY(chat.hasAnswered(2));
    }

    void aDiskThatFillsWhileWritingIsSaidOnceAndLosesNothing() {
        Chat chat;
        test::FakeAnswer answer = slowAnswer(60, 10ms);
        answer.heldAfterTokens = 2;
        chat.script->addAnswer(answer);
        chat.start();
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(!chat.last().text.isEmpty());
        chat.fault->isFull = true;
        chat.script->release();
        QTRY_VERIFY(chat.hasAnswered(2));
        QTRY_VERIFY(chat.fault->refused >= 4);
        QCOMPARE(chat.last().text.size(), 300);
        QCOMPARE(chat.problems.count(QStringLiteral("The disk is full.")), 1);
        chat.fault->isFull = false;
        QTest::qWait(200);
        chat.restart();
        QTRY_COMPARE(chat->turns().size(), 2);
        QCOMPARE(chat.last().text.size(), 300);
        QCOMPARE(chat.last().state, MessageState::complete);
    }

    void leavingSavesThePartialAnswerWithinTwoSeconds_data() {
        QTest::addColumn<bool>("loading");
        QTest::addColumn<int>("readMs");
        QTest::newRow("loading") << true << 0;
        QTest::newRow("reading the prompt") << false << 60000;
        QTest::newRow("writing") << false << 0;
    }
    void leavingSavesThePartialAnswerWithinTwoSeconds() {
        QFETCH(bool, loading);
        QFETCH(int, readMs);
        // A moment in which the machine stood still does not come back.
        bool isInTime = false;
        for (int round = 0; round < 3 && !isInTime; ++round) {
            leave(loading, readMs, isInTime);
            QVERIFY(!QTest::currentTestFailed());
        }
        QVERIFY(isInTime);
    }

    void leavingRightAfterSendKeepsTheQuestion() {
        Chat chat;
        chat.start();
        QTRY_VERIFY(chat.isReady());
        chat->send(QStringLiteral("last words"));
        chat.close();
        chat.start();
        QTRY_COMPARE(chat->conversations().size(), 1);
        chat->openConversation(chat->conversations()[0].id);
        QTRY_VERIFY(!chat->turns().isEmpty());
        QCOMPARE(chat->turns()[0].text, QStringLiteral("last words"));
    }

private:
    // Leaves while a model is loaded, a prompt is read or an answer is written. What is saved is
    // looked at where that took no more than two seconds.
    static void leave(bool loading, int readMs, bool& isInTime) {
        Chat chat;
        chat.saveIntervalMs = 100'000;  // only leaving saves
        chat.script->setModel("/models/slow", slowModel());
        test::FakeAnswer answer = slowAnswer(6000, 10ms);
        answer.delayPerReading = std::chrono::milliseconds(readMs);
        chat.script->addAnswer(answer);
        chat.start(loading ? QStringLiteral("/models/slow") : QStringLiteral("/models/small"));
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(loading ? chat.last().queued : chat.script->running() == 1);
        if (!loading && readMs == 0) {
            QTRY_VERIFY(!chat.last().text.isEmpty());
        }
        const QString shown = chat.last().text;
        QElapsedTimer timer;
        timer.start();
        chat.close();
        isInTime = timer.elapsed() < 2000;
        if (!isInTime) {
            return;
        }
        chat.start();
        QTRY_COMPARE(chat->turns().size(), 2);
        QCOMPARE(chat.last().state, MessageState::interrupted);
        QVERIFY(chat.last().text.startsWith(shown));
    }
};

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::ChatBusyTest)
#include "chat_busy_test.moc"
