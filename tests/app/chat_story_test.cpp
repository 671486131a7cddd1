// One conversation after another, as a person sees them.
#include <nlohmann/json.hpp>

#include "tests/app/chat_fixture.h"

namespace apertura {

using namespace std::chrono_literals;
using test::Chat;
using test::slowAnswer;

class ChatStoryTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aQuestionIsAnsweredAndKept() {
        Chat chat;
        chat.start();
        QSignalSpy appended(&chat.service(), &ChatService::turnAppended);
        chat->send(QStringLiteral("Hello there"));
        QTRY_VERIFY(chat.hasAnswered(2));
        const QStringList lines = {QStringLiteral("user: Hello there"),
                                   QStringLiteral("assistant: You said: Hello there")};
        QCOMPARE(chat.shown(), lines);
        QCOMPARE(appended.size(), 2);
        QCOMPARE(chat->conversations().size(), 1);
        QCOMPARE(chat->conversations()[0].title, QStringLiteral("Hello there"));
        QCOMPARE(chat.last().finishReason, QStringLiteral("stop"));
        QCOMPARE(chat.last().modelName, QStringLiteral("small"));
        QCOMPARE(chat.last().seed, 1234u);

        chat.restart();
        QTRY_COMPARE(chat.shown(), lines);
        QCOMPARE(chat.last().state, MessageState::complete);
        QCOMPARE(chat.last().metrics->promptTokens, 40);
        QVERIFY(chat.problems.isEmpty());
    }

    void theQuestionIsOnDiskBeforeTheEngineHearsOfIt() {
        Chat chat;
        chat.script->addAnswer(test::heldAnswer(30));
        chat.start();
        QTRY_VERIFY(chat.isReady());
        chat.fault->isHeld = true;
        chat->send(QStringLiteral("q"));
        QTest::qWait(50);
        QCOMPARE(chat.script->requests().size(), 0u);
        chat.fault->isHeld = false;
        QTRY_COMPARE(chat.script->requests().size(), 1u);
        const Result<OpenedHistory> other =
            openHistory({chat.folder.filePath(QStringLiteral("history.sqlite")), {}});
        const std::vector<MessageRecord> stored = *other.value().store->messages(1);
        QCOMPARE(stored.size(), 2u);
        QCOMPARE(stored[0].text, QStringLiteral("q"));
        QCOMPARE(stored[1].state, MessageState::partial);
    }

    void theNextQuestionCarriesThePathBeforeIt() {
        Chat chat;
        chat.start();
        chat->setSystemPrompt(QStringLiteral("Be short."));
        chat->send(QStringLiteral("one"));
        QTRY_VERIFY(chat.hasAnswered(2));
        chat->send(QStringLiteral("two"));
        QTRY_VERIFY(chat.hasAnswered(4));
        const auto request = std::get<ChatPrompt>(chat.script->requests().back().prompt);
        const auto messages = nlohmann::json::parse(request.messagesJson);
        QCOMPARE(messages.size(), 4u);
        QCOMPARE(messages[0]["content"].get<std::string>(), std::string("Be short."));
        QCOMPARE(messages[2]["content"].get<std::string>(), std::string("You said: one"));
        QCOMPARE(chat.script->sessions().size(), 1u);
    }

    void regenerateIsAVersionAndBothCanBeSeen() {
        Chat chat;
        chat.script->addAnswer(test::FakeAnswer::words("first"));
        chat.script->addAnswer(test::FakeAnswer::words("second"));
        chat.start();
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(2));
        const qint64 first = chat.last().id;
        chat->regenerate(first);
        QTRY_VERIFY(chat.hasAnswered(2) && chat.last().text == QLatin1String("second"));
        QCOMPARE(chat.last().version, 2);
        QCOMPARE(chat.last().versionCount, 2);
        chat->selectVersion(chat.last().id, 1);
        QCOMPARE(chat.last().id, first);
        QCOMPARE(chat.last().version, 1);
        chat.restart();
        QTRY_COMPARE(chat.last().id, first);
        QCOMPARE(chat.last().versionCount, 2);
    }

    void anEditIsAVersionWithItsOwnAnswer() {
        Chat chat;
        chat.start();
        chat->send(QStringLiteral("old"));
        QTRY_VERIFY(chat.hasAnswered(2));
        const qint64 question = chat->turns()[0].id;
        chat->editMessage(question, QStringLiteral("new"));
        QTRY_VERIFY(chat.hasAnswered(2) && chat->turns()[0].text == QLatin1String("new"));
        QCOMPARE(chat->turns()[0].version, 2);
        QCOMPARE(chat.last().text, QStringLiteral("You said: new"));
        chat->selectVersion(chat->turns()[0].id, 1);
        QCOMPARE(chat.last().text, QStringLiteral("You said: old"));
    }

    void provenanceAndFiguresAreStoredWithTheAnswer() {
        Chat chat;
        chat.start();
        SamplingOptions sampling;
        sampling.temperature = 0.25;
        sampling.seed = 77;
        chat->setSampling(sampling);
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(2));
        chat.close();
        const Result<OpenedHistory> other =
            openHistory({chat.folder.filePath(QStringLiteral("history.sqlite")), {}});
        const MessageRecord answer = other.value().store->messages(1).value()[1];
        const auto json = nlohmann::json::parse(answer.provenanceJson.toStdString());
        QCOMPARE(json["model"]["path"].get<std::string>(), std::string("/models/small"));
        QCOMPARE(json["model"]["content_hash"].get<std::string>(),
                 test::defaultModelInfo().contentHash);
        QCOMPARE(json["sampling"]["temperature"].get<double>(), 0.25);
        QCOMPARE(json["seed"].get<int>(), 77);
        QCOMPARE(json["prompt_ids"].size(), 40u);
        QCOMPARE(json["app_version"].get<std::string>(), std::string("0.0.test"));
        QVERIFY(figuresFromJson(answer.metricsJson)->metrics.decodeTokensPerSecond > 0);
    }

    void choicesBelongToTheirConversation() {
        Chat chat;
        chat.start();
        QTRY_VERIFY(chat.isReady());
        QCOMPARE(chat->sampling().temperature, 0.8);
        SamplingOptions cold;
        cold.temperature = 0;
        chat->setSampling(cold);
        chat->setContextPolicy(ContextPolicy::dropOldestTurns);
        chat->setSystemPrompt(QStringLiteral("Answer in Romansh."));
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(2));
        const qint64 first = chat->currentConversation();
        chat->startConversation();
        QVERIFY(!chat->samplingIsCustom());
        QVERIFY(chat->systemPrompt().isEmpty());
        QCOMPARE(chat->contextPolicy(), ContextPolicy::stop);
        chat.restart();
        QTRY_COMPARE(chat->conversations().size(), 1);
        chat->openConversation(first);
        QTRY_COMPARE(chat->currentConversation(), first);
        QCOMPARE(chat->sampling().temperature, 0.0);
        QCOMPARE(chat->systemPrompt(), QStringLiteral("Answer in Romansh."));
        QCOMPARE(chat->contextPolicy(), ContextPolicy::dropOldestTurns);
        chat->resetSampling();
        QCOMPARE(chat->sampling().temperature, 0.8);
    }

    void aChoiceMadeWhileAMessageGoesToDiskLosesNeither() {
        Chat chat;
        chat.start();
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(2));
        chat.fault->isHeld = true;
        chat->send(QStringLiteral("q2"));
        chat->setSystemPrompt(QStringLiteral("New."));
        QTest::qWait(350);  // the choice is due while the message is still on its way
        chat.fault->isHeld = false;
        QTRY_VERIFY(chat.hasAnswered(4));
        chat.restart();
        QTRY_COMPARE(chat->turns().size(), 4);
        QCOMPARE(chat->systemPrompt(), QStringLiteral("New."));
    }

    void renameDeleteAndRestore() {
        Chat chat;
        chat.start();
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(2));
        const qint64 id = chat->currentConversation();
        chat->renameConversation(id, QStringLiteral("  My\nchat "));
        QCOMPARE(chat.summary(id).title, QStringLiteral("My chat"));
        QSignalSpy deleted(&chat.service(), &ChatService::conversationDeleted);
        chat->deleteConversation(id);
        QTRY_COMPARE(deleted.size(), 1);
        QCOMPARE(deleted[0][1].toString(), QStringLiteral("My chat"));
        QCOMPARE(chat->currentConversation(), 0);
        QVERIFY(chat->conversations().isEmpty());
        chat->restoreConversation(id);
        QTRY_COMPARE(chat->currentConversation(), id);
        QCOMPARE(chat->turns().size(), 2);
        chat.restart();
        QTRY_COMPARE(chat->conversations().size(), 1);
        QCOMPARE(chat->conversations()[0].title, QStringLiteral("My chat"));
    }

    void conversationsStandNewestFirst() {
        Chat chat;
        chat.start();
        for (const char* text : {"one", "two"}) {
            chat->startConversation();
            chat->send(QString::fromLatin1(text));
            QTRY_VERIFY(chat.hasAnswered(2));
        }
        QCOMPARE(chat->conversations()[0].title, QStringLiteral("two"));
        chat->openConversation(chat->conversations()[1].id);
        QTRY_COMPARE(chat.shown().value(0), QStringLiteral("user: one"));
        chat->send(QStringLiteral("more"));
        QTRY_VERIFY(chat.hasAnswered(4));
        QCOMPARE(chat->conversations()[0].title, QStringLiteral("one"));
    }

    void thoughtsStayApartFromTheAnswer() {
        Chat chat;
        test::FakeAnswer answer = test::FakeAnswer::words("so be it");
        answer.tokens.insert(answer.tokens.begin(), test::FakeToken{"hm", SpanKind::thoughts});
        chat.script->addAnswer(answer);
        chat.start();
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(2));
        QCOMPARE(chat.last().thoughts, QStringLiteral("hm"));
        QCOMPARE(chat.last().text, QStringLiteral("so be it"));
    }

    void aFullContextIsAChoice() {
        Chat chat;
        test::FakeAnswer full = test::FakeAnswer::words("cut o");
        full.finishReason = FinishReason::context;
        chat.script->addAnswer(full);
        chat.start();
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(2));
        QCOMPARE(chat.last().state, MessageState::contextFull);
        QCOMPARE(chat.last().finishReason, QStringLiteral("context"));
        chat->continueWithoutOldest();
        QTRY_VERIFY(chat.hasAnswered(2) && chat.last().version == 2);
        QCOMPARE(chat.last().state, MessageState::complete);
        QCOMPARE(chat.script->requests().back().contextPolicy, ContextPolicy::dropOldestTurns);
        QCOMPARE(chat->contextPolicy(), ContextPolicy::dropOldestTurns);
    }

    void textArrivesInFewUpdates() {
        Chat chat;
        chat.script->addAnswer(slowAnswer(300, 1ms));
        chat.start();
        QTRY_VERIFY(chat.isReady());
        QSignalSpy changed(&chat.service(), &ChatService::turnChanged);
        QSignalSpy figures(&chat.service(), &ChatService::readoutsChanged);
        QElapsedTimer timer;
        timer.start();
        chat->send(QStringLiteral("q"));
        QTRY_VERIFY(chat.hasAnswered(2));
        const double seconds = static_cast<double>(timer.elapsed()) / 1000.0;
        QVERIFY(changed.size() <= seconds * 31 + 6);
        QVERIFY(changed.size() >= 4);
        QVERIFY(figures.size() <= seconds * 4 + 2);
        QCOMPARE(chat.last().text.size(), 1500);
    }

    void aModelThatIsPreparedFirstSaysSo() {
        Chat chat;
        test::FakeModelScript model;
        model.info = test::defaultModelInfo();
        model.isPrepared = false;
        model.loadDelay = 2400ms;
        chat.script->setModel("/models/small", model);
        chat.start();
        QTRY_COMPARE(chat->readouts().phase, ActivityPhase::preparing);
        QVERIFY(chat->readouts().total > 0);
        QTRY_COMPARE(chat->readouts().phase, ActivityPhase::loading);
        QTRY_COMPARE(chat->readouts().phase, ActivityPhase::idle);
    }

    void theMemoryOfAGpuIsReadWhileAnAnswerIsWritten() {
        Chat chat;
        test::FakeModelScript model;
        model.info = test::defaultModelInfo();
        model.info.backend = "cuda";
        model.info.deviceMemoryUsedBytes = 3'000'000'000;
        model.info.deviceMemoryFreeBytes = 5'000'000'000;
        model.info.deviceMemoryOwnBytes = 2'000'000'000;
        chat.script->setModel("/models/small", model);
        chat.script->setMemory({4'000'000'000, 4'000'000'000, 2'500'000'000});
        chat.script->addAnswer(slowAnswer(2000, 30ms));
        chat.start();
        QTRY_VERIFY(chat.isReady());
        QVERIFY(chat->readouts().deviceIsGpu);
        QCOMPARE(chat->readouts().deviceMemoryUsedBytes, 3'000'000'000);
        QCOMPARE(chat->readouts().weightBytes, 2'000'000'000);
        chat->send(QStringLiteral("q"));
        QTRY_COMPARE(chat->readouts().deviceMemoryUsedBytes, 4'000'000'000);
        QCOMPARE(chat->readouts().deviceMemoryTotalBytes, 8'000'000'000);
        QCOMPARE(chat->readouts().deviceMemoryOwnBytes, 2'500'000'000);
        // The whole context is set aside.
        QTRY_COMPARE(chat->readouts().kvBytes, 8192 * 4096);
        chat.script->setMemory({4'200'000'000, 3'800'000'000, 2'500'000'000});
        QTRY_COMPARE(chat->readouts().deviceMemoryUsedBytes, 4'200'000'000);
        QCOMPARE(chat->readouts().phase, ActivityPhase::writing);
    }

    void readoutsFollowTheAnswer() {
        Chat chat;
        test::FakeAnswer answer = slowAnswer(10, 100ms);
        answer.delayPerReading = 250ms;
        chat.script->addAnswer(answer);
        chat.start();
        QTRY_VERIFY(chat.isReady());
        QCOMPARE(chat->readouts().weightBytes, 18'000'000);
        chat->send(QStringLiteral("q"));
        QTRY_COMPARE(chat->readouts().phase, ActivityPhase::readingPrompt);
        QTRY_COMPARE(chat->readouts().phase, ActivityPhase::writing);
        QTRY_COMPARE(chat->readouts().phase, ActivityPhase::idle);
        QCOMPARE(chat->readouts().contextUsed, 50);
        QCOMPARE(chat->readouts().contextSize, 8192);
        QVERIFY(chat->readouts().timeToFirstTokenSeconds > 0.1);
        QVERIFY(chat->readouts().decodeTokensPerSecond > 0);
        QCOMPARE(chat->readouts().kvBytes, 50 * 4096);
    }

    void theLastConversationAndTheModelReturn() {
        Chat chat;
        chat.start();
        chat->send(QStringLiteral("one"));
        QTRY_VERIFY(chat.hasAnswered(2));
        const qint64 id = chat->currentConversation();
        chat.restart();
        QTRY_COMPARE(chat->currentConversation(), id);
        QCOMPARE(chat.settings().lastModel(), QStringLiteral("/models/small"));
    }
};

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::ChatStoryTest)
#include "chat_story_test.moc"
