// What the history keeps, told as little stories.
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>
#include <QThread>

#include "tests/app/history_fixture.h"

namespace apertura {

class HistoryStoreTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_store = openForTest(QStringLiteral(":memory:")).store; }

    void conversationComesBackAsItWasStored();
    void conversationsAreListedNewestFirst();
    void messageComesBackAsItWasStored();
    void everyStateComesBack();
    void newMessageBecomesCurrentAndMovesItsConversationUp();
    void regenerationIsASiblingAndNothingIsLost();
    void messageWithAForeignParentIsRefusedAndNothingOfItStays();
    void changingWhatIsNotThereIsAnError();
    void deletedConversationIsHiddenAndComesBackWithItsMessages();
    void purgeRemovesOnlyWhatWasDeletedBefore();
    void purgeRemovesAConversationOfThousandsOfTurns();
    void purgedTextIsGoneFromTheFiles();
    void draftsComeBackAndGoWithTheirConversation();
    void everyScriptAndEveryCharacterSurvives();
    void textOfTwentyMegabytesSurvives();
    void partialMessagesBecomeInterrupted();
    void historyIsThereAfterReopening();
    void filesAreForTheirOwnerOnly();
    void fullDiskIsSaidAndLosesNothing();
    void fullDiskAtTheFirstStartLeavesNoFile();
    void twoConnectionsInTwoThreadsLoseNothing();
    void missingFolderIsOneSentence();

private:
    std::unique_ptr<HistoryStore> m_store;
};

void HistoryStoreTest::conversationComesBackAsItWasStored() {
    ConversationRecord stored;
    stored.title = QStringLiteral("Zürich");
    stored.systemPrompt = QStringLiteral("Be brief.");
    stored.samplingJson = QStringLiteral("{\"temperature\":0}");
    stored.modelPath = QStringLiteral("/models/demo");
    stored.createdMs = 5;
    stored.updatedMs = 6;
    const qint64 id = must(m_store->addConversation(stored));
    stored.title = QStringLiteral("Bern");
    stored.id = id;
    stored.updatedMs = 7;
    must(m_store->updateConversation(stored));

    const std::vector<ConversationRecord> all = must(m_store->conversations());
    QCOMPARE(all.size(), 1U);
    QCOMPARE(all[0].id, id);
    QCOMPARE(all[0].title, stored.title);
    QCOMPARE(all[0].systemPrompt, stored.systemPrompt);
    QCOMPARE(all[0].samplingJson, stored.samplingJson);
    QCOMPARE(all[0].modelPath, stored.modelPath);
    QCOMPARE(all[0].currentMessage, 0);
    QCOMPARE(all[0].createdMs, 5);
    QCOMPARE(all[0].updatedMs, 7);
}

void HistoryStoreTest::conversationsAreListedNewestFirst() {
    const qint64 oldest = addConversation(*m_store, QStringLiteral("a"), 10);
    const qint64 newest = addConversation(*m_store, QStringLiteral("b"), 30);
    const qint64 middle = addConversation(*m_store, QStringLiteral("c"), 20);
    const qint64 sameTimeButLater = addConversation(*m_store, QStringLiteral("d"), 30);
    QList<qint64> ids;
    for (const ConversationRecord& conversation : must(m_store->conversations())) {
        ids.append(conversation.id);
    }
    QCOMPARE(ids, (QList<qint64>{sameTimeButLater, newest, middle, oldest}));
}

void HistoryStoreTest::messageComesBackAsItWasStored() {
    MessageRecord stored;
    stored.conversationId = addConversation(*m_store, QStringLiteral("a"));
    stored.parentId = addMessage(*m_store, stored.conversationId, 0, QStringLiteral("Hello?"));
    stored.role = Role::assistant;
    stored.text = QStringLiteral("Hel");
    stored.state = MessageState::partial;
    stored.createdMs = 12;
    stored.id = must(m_store->addMessage(stored));
    stored.text = QStringLiteral("Hello!");
    stored.thoughts = QStringLiteral("a greeting");
    stored.state = MessageState::failed;
    stored.error = QStringLiteral("The GPU went away.");
    stored.modelName = QStringLiteral("Demo");
    stored.provenanceJson = QStringLiteral("{\"seed\":7}");
    stored.metricsJson = QStringLiteral("{\"prompt_tokens\":3}");
    must(m_store->updateMessage(stored));

    const std::vector<MessageRecord> all = must(m_store->messages(stored.conversationId));
    QCOMPARE(all.size(), 2U);
    QCOMPARE(all[0].parentId, 0);
    QCOMPARE(all[0].role, Role::user);
    QCOMPARE(all[1].id, stored.id);
    QCOMPARE(all[1].conversationId, stored.conversationId);
    QCOMPARE(all[1].parentId, stored.parentId);
    QCOMPARE(all[1].role, stored.role);
    QCOMPARE(all[1].text, stored.text);
    QCOMPARE(all[1].thoughts, stored.thoughts);
    QCOMPARE(all[1].state, stored.state);
    QCOMPARE(all[1].error, stored.error);
    QCOMPARE(all[1].createdMs, 12);
    QCOMPARE(all[1].modelName, stored.modelName);
    QCOMPARE(all[1].provenanceJson, stored.provenanceJson);
    QCOMPARE(all[1].metricsJson, stored.metricsJson);
}

void HistoryStoreTest::everyStateComesBack() {
    const qint64 conversation = addConversation(*m_store, QStringLiteral("a"));
    for (MessageState state :
         {MessageState::complete, MessageState::partial, MessageState::interrupted,
          MessageState::stopped, MessageState::contextFull, MessageState::failed}) {
        MessageRecord message;
        message.conversationId = conversation;
        message.state = state;
        must(m_store->addMessage(message));
        QCOMPARE(must(m_store->messages(conversation)).back().state, state);
    }
    for (Role role : {Role::system, Role::user, Role::assistant, Role::tool}) {
        addMessage(*m_store, conversation, 0, QStringLiteral("x"), role);
        QCOMPARE(must(m_store->messages(conversation)).back().role, role);
    }
}

void HistoryStoreTest::newMessageBecomesCurrentAndMovesItsConversationUp() {
    const qint64 first = addConversation(*m_store, QStringLiteral("first"), 10);
    addConversation(*m_store, QStringLiteral("second"), 20);
    MessageRecord message;
    message.conversationId = first;
    message.createdMs = 30;
    const qint64 id = must(m_store->addMessage(message));
    std::vector<ConversationRecord> all = must(m_store->conversations());
    QCOMPARE(all[0].id, first);
    QCOMPARE(all[0].currentMessage, id);
    QCOMPARE(all[0].updatedMs, 30);
    message.createdMs = 5;  // a clock that was set back moves nothing down
    must(m_store->addMessage(message));
    QCOMPARE(must(m_store->conversations())[0].updatedMs, 30);
}

void HistoryStoreTest::regenerationIsASiblingAndNothingIsLost() {
    const qint64 conversation = addConversation(*m_store, QStringLiteral("a"));
    const qint64 question = addMessage(*m_store, conversation, 0, QStringLiteral("?"));
    const qint64 one = addMessage(*m_store, conversation, question, QStringLiteral("1"));
    const qint64 two = addMessage(*m_store, conversation, question, QStringLiteral("2"));
    QCOMPARE(must(m_store->conversations())[0].currentMessage, two);
    ConversationRecord record = must(m_store->conversations())[0];
    record.currentMessage = one;
    must(m_store->updateConversation(record));
    QCOMPARE(must(m_store->conversations())[0].currentMessage, one);
    const std::vector<MessageRecord> all = must(m_store->messages(conversation));
    QCOMPARE(all.size(), 3U);
    QCOMPARE(all[1].id, one);
    QCOMPARE(all[2].id, two);
    QCOMPARE(all[1].parentId, question);
    QCOMPARE(all[2].parentId, question);
}

void HistoryStoreTest::messageWithAForeignParentIsRefusedAndNothingOfItStays() {
    const qint64 here = addConversation(*m_store, QStringLiteral("here"));
    const qint64 there = addConversation(*m_store, QStringLiteral("there"));
    const qint64 foreign = addMessage(*m_store, there, 0, QStringLiteral("foreign"));
    MessageRecord message;
    message.conversationId = here;
    for (qint64 parent : {foreign, qint64(999)}) {
        message.parentId = parent;
        const Result<qint64> added = m_store->addMessage(message);
        QVERIFY(!added);
        QCOMPARE(added.error().code, ErrorCode::invalidRequest);
    }
    QVERIFY(must(m_store->messages(here)).empty());
    QCOMPARE(must(m_store->conversations()).back().currentMessage, 0);
    addMessage(*m_store, here, 0, QStringLiteral("the store can be used again"));
}

void HistoryStoreTest::changingWhatIsNotThereIsAnError() {
    ConversationRecord conversation;
    conversation.id = 4;
    MessageRecord message;
    message.id = 5;
    QCOMPARE(m_store->updateConversation(conversation).error().code, ErrorCode::invalidRequest);
    QCOMPARE(m_store->updateMessage(message).error().code, ErrorCode::invalidRequest);
    QCOMPARE(m_store->deleteConversation(4, 1).error().code, ErrorCode::invalidRequest);
    QCOMPARE(m_store->restoreConversation(4).error().code, ErrorCode::invalidRequest);
    QVERIFY(must(m_store->messages(4)).empty());
}

void HistoryStoreTest::deletedConversationIsHiddenAndComesBackWithItsMessages() {
    const qint64 id = addConversation(*m_store, QStringLiteral("a"));
    addMessage(*m_store, id, 0, QStringLiteral("kept"));
    must(m_store->deleteConversation(id, 100));
    QVERIFY(must(m_store->conversations()).empty());
    must(m_store->restoreConversation(id));
    QCOMPARE(must(m_store->conversations()).size(), 1U);
    QCOMPARE(must(m_store->messages(id))[0].text, QStringLiteral("kept"));
    must(m_store->purgeDeleted(1000));
    QCOMPARE(must(m_store->messages(id)).size(), 1U);
}

void HistoryStoreTest::purgeRemovesOnlyWhatWasDeletedBefore() {
    const qint64 kept = addConversation(*m_store, QStringLiteral("kept"));
    const qint64 early = addConversation(*m_store, QStringLiteral("early"));
    const qint64 late = addConversation(*m_store, QStringLiteral("late"));
    for (qint64 id : {kept, early, late}) {
        addMessage(*m_store, id, 0, QStringLiteral("text"));
    }
    must(m_store->deleteConversation(early, 99));
    must(m_store->deleteConversation(late, 100));
    must(m_store->purgeDeleted(100));
    QCOMPARE(must(m_store->messages(kept)).size(), 1U);
    QVERIFY(must(m_store->messages(early)).empty());
    QCOMPARE(must(m_store->messages(late)).size(), 1U);
    QVERIFY(!m_store->restoreConversation(early));
    must(m_store->restoreConversation(late));
    // An id that an undo may still hold is not given away again.
    QVERIFY(addConversation(*m_store, QStringLiteral("new")) > late);
}

void HistoryStoreTest::purgeRemovesAConversationOfThousandsOfTurns() {
    const qint64 id = addConversation(*m_store, QStringLiteral("long"));
    qint64 parent = 0;
    for (int turn = 0; turn < 3000; ++turn) {
        parent = addMessage(*m_store, id, parent, QStringLiteral("turn"));
    }
    must(m_store->deleteConversation(id, 1));
    must(m_store->purgeDeleted(2));
    QVERIFY(must(m_store->messages(id)).empty());
}

void HistoryStoreTest::purgedTextIsGoneFromTheFiles() {
    const QTemporaryDir folder;
    m_store = openForTest(folder.filePath(QStringLiteral("history.sqlite"))).store;
    const qint64 id = addConversation(*m_store, QStringLiteral("a"));
    addMessage(*m_store, id, 0, QStringLiteral("my-secret-word"));
    must(m_store->deleteConversation(id, 1));
    must(m_store->purgeDeleted(2));
    for (const QString& name : QDir(folder.path()).entryList(QDir::Files)) {
        QFile file(folder.filePath(name));
        QVERIFY(file.open(QIODevice::ReadOnly));
        QVERIFY2(!file.readAll().contains("my-secret-word"), qPrintable(name));
    }
}

void HistoryStoreTest::draftsComeBackAndGoWithTheirConversation() {
    const qint64 first = addConversation(*m_store, QStringLiteral("first"));
    const qint64 second = addConversation(*m_store, QStringLiteral("second"));
    const DraftRecord ofNone{0, QStringLiteral("half a"), 0, {}};
    const DraftRecord ofFirst{first, QStringLiteral("draft"), 7, QStringLiteral("an edit")};
    must(m_store->keepDraft(ofNone));
    must(m_store->keepDraft({first, QStringLiteral("older"), 0, {}}));
    must(m_store->keepDraft(ofFirst));
    must(m_store->keepDraft({second, QStringLiteral("cleared soon"), 0, {}}));
    must(m_store->keepDraft({second, {}, 0, {}}));
    const std::vector<DraftRecord> both = {ofNone, ofFirst};
    QCOMPARE(must(m_store->drafts()), both);
    must(m_store->deleteConversation(first, 5));
    QCOMPARE(must(m_store->drafts()), std::vector<DraftRecord>{ofNone});
    must(m_store->restoreConversation(first));
    QCOMPARE(must(m_store->drafts()), both);
    must(m_store->deleteConversation(first, 5));
    must(m_store->purgeDeleted(6));
    QVERIFY(!m_store->restoreConversation(first));
    QCOMPARE(must(m_store->drafts()), std::vector<DraftRecord>{ofNone});
}

void HistoryStoreTest::everyScriptAndEveryCharacterSurvives() {
    const qint64 id = addConversation(*m_store, QStringLiteral("机器学习"));
    const QStringList texts = {
        QStringLiteral("Grüezi, ça va? Ελληνικά"),
        QStringLiteral("مرحبا بالعالم"),
        QStringLiteral("नमस्ते दुनिया"),
        QStringLiteral("ภาษาไทย 漢字 한국어"),
        QStringLiteral("👩‍👩‍👧‍👦 🇨🇭 e\u0301"),
        QStringLiteral("line\r\nline\ttab '; DROP TABLE messages; --"),
        QString(QChar(0)) + QStringLiteral("after NUL") + QChar(0),
        QString(),
    };
    for (const QString& text : texts) {
        const qint64 message = addMessage(*m_store, id, 0, text);
        const MessageRecord back = must(m_store->messages(id)).back();
        QCOMPARE(back.id, message);
        QCOMPARE(back.text, text);
    }
    QCOMPARE(must(m_store->conversations())[0].title, QStringLiteral("机器学习"));
}

void HistoryStoreTest::textOfTwentyMegabytesSurvives() {
    const qint64 id = addConversation(*m_store, QStringLiteral("a"));
    const QString text = QStringLiteral("0123456789").repeated(2'000'000);
    addMessage(*m_store, id, 0, text);
    QVERIFY(must(m_store->messages(id))[0].text == text);
}

void HistoryStoreTest::partialMessagesBecomeInterrupted() {
    const qint64 id = addConversation(*m_store, QStringLiteral("a"));
    MessageRecord message;
    message.conversationId = id;
    message.state = MessageState::partial;
    must(m_store->addMessage(message));
    must(m_store->addMessage(message));
    message.state = MessageState::stopped;
    must(m_store->addMessage(message));
    QCOMPARE(must(m_store->markInterrupted()), 2);
    QCOMPARE(must(m_store->markInterrupted()), 0);
    const std::vector<MessageRecord> all = must(m_store->messages(id));
    QCOMPARE(all[0].state, MessageState::interrupted);
    QCOMPARE(all[2].state, MessageState::stopped);
}

void HistoryStoreTest::historyIsThereAfterReopening() {
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("my history.sqlite"));
    m_store = openForTest(path).store;
    const qint64 id = addConversation(*m_store, QStringLiteral("a"));
    addMessage(*m_store, id, 0, QStringLiteral("tomorrow"));
    m_store.reset();
    QVERIFY(!QFile::exists(path + QStringLiteral("-wal")));
    OpenedHistory again = openForTest(path);
    QVERIFY(again.notices.isEmpty());
    QCOMPARE(must(again.store->messages(id))[0].text, QStringLiteral("tomorrow"));
}

void HistoryStoreTest::filesAreForTheirOwnerOnly() {
    const QTemporaryDir folder;
    m_store = openForTest(folder.filePath(QStringLiteral("history.sqlite"))).store;
    addConversation(*m_store, QStringLiteral("a"));
    const QFileInfoList files = QDir(folder.path()).entryInfoList(QDir::Files);
    QCOMPARE(files.size(), 3);  // with its log and the log's index
    for (const QFileInfo& file : files) {
        const QFile::Permissions others =
            file.permissions() &
            (QFile::ReadGroup | QFile::WriteGroup | QFile::ReadOther | QFile::WriteOther);
        QCOMPARE(others, QFile::Permissions());
    }
}

void HistoryStoreTest::fullDiskIsSaidAndLosesNothing() {
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("history.sqlite"));
    m_store = openForTest(path).store;
    const qint64 id = addConversation(*m_store, QStringLiteral("a"));
    const QString big = QStringLiteral("x").repeated(20'000);
    std::vector<qint64> stored;
    {
        const FullDisk disk(512 * 1024);
        MessageRecord message;
        message.conversationId = id;
        message.text = big;
        Result<qint64> added = m_store->addMessage(message);
        while (added && stored.size() < 1000) {
            stored.push_back(*added);
            added = m_store->addMessage(message);
        }
        QVERIFY(!added);
        QCOMPARE(added.error().code, ErrorCode::storageFull);
        QCOMPARE(added.error().message,
                 std::string("history.sqlite: the disk is full, so this was not saved."));
        message.id = stored.front();
        message.text = big + big;
        QCOMPARE(m_store->updateMessage(message).error().code, ErrorCode::storageFull);
        QCOMPARE(must(m_store->messages(id)).size(), stored.size());
    }
    QVERIFY(stored.size() > 3);
    const qint64 after = addMessage(*m_store, id, 0, QStringLiteral("room again"));
    m_store.reset();
    OpenedHistory again = openForTest(path);
    QVERIFY(again.notices.isEmpty());
    const std::vector<MessageRecord> all = must(again.store->messages(id));
    QCOMPARE(all.size(), stored.size() + 1);
    QCOMPARE(all.front().text, big);
    QCOMPARE(all.back().id, after);
}

void HistoryStoreTest::fullDiskAtTheFirstStartLeavesNoFile() {
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("history.sqlite"));
    {
        const FullDisk disk(4096);
        const Result<OpenedHistory> opened = openHistory({.path = path, .nowMs = {}});
        QVERIFY(!opened);
        QCOMPARE(opened.error().code, ErrorCode::storageFull);
    }
    QVERIFY(QDir(folder.path()).isEmpty());
    QVERIFY(openForTest(path).notices.isEmpty());
}

void HistoryStoreTest::twoConnectionsInTwoThreadsLoseNothing() {
    const QTemporaryDir folder;
    const QString path = folder.filePath(QStringLiteral("history.sqlite"));
    m_store = openForTest(path).store;
    const qint64 id = addConversation(*m_store, QStringLiteral("a"));
    constexpr int kMessages = 100;
    const auto write = [&path, id] {
        const std::unique_ptr<HistoryStore> store = openForTest(path).store;
        for (int n = 0; n < kMessages; ++n) {
            addMessage(*store, id, 0, QString::number(n));
        }
    };
    const std::unique_ptr<QThread> one(QThread::create(write));
    const std::unique_ptr<QThread> two(QThread::create(write));
    one->start();
    two->start();
    QVERIFY(one->wait());
    QVERIFY(two->wait());
    QCOMPARE(must(m_store->messages(id)).size(), static_cast<std::size_t>(2 * kMessages));
}

void HistoryStoreTest::missingFolderIsOneSentence() {
    const Result<OpenedHistory> opened =
        openHistory({.path = QStringLiteral("/nowhere/history.sqlite"), .nowMs = {}});
    QVERIFY(!opened);
    QCOMPARE(opened.error().code, ErrorCode::storageFailed);
    QVERIFY(opened.error().message.find("the file cannot be made") != std::string::npos);
}

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::HistoryStoreTest)
#include "history_store_test.moc"
