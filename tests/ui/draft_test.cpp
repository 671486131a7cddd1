// What is typed and not sent, over the real service and a history on disk: it is there again after
// a restart, with the conversation that it belongs to.
#include "ui/view_models/draft.h"

#include <QElapsedTimer>
#include <QFile>

#include "tests/app/chat_fixture.h"

namespace apertura::test {

// An application and what stands in its composer.
class Typing {
public:
    Typing() { start(); }
    ~Typing() { m_draft.reset(); }

    void restart() {
        m_draft.reset();
        chat.close();
        start();
    }
    Draft& draft() { return *m_draft; }
    // What another program would find on disk now, as after a kill.
    std::vector<DraftRecord> onDisk() const {
        const QString path = chat.folder.filePath(QStringLiteral("history.sqlite"));
        if (!QFile::exists(path)) {
            return {};  // it is being made
        }
        const Result<OpenedHistory> other = openHistory({path, {}});
        return other ? *other->store->drafts() : std::vector<DraftRecord>();
    }
    qint64 ask(const QString& question) {
        chat->startConversation();
        m_draft->setText(question);
        m_draft->send();
        return QTest::qWaitFor([this] { return chat.hasAnswered(2); }) ? chat->currentConversation()
                                                                       : 0;
    }

    Chat chat;

private:
    void start() {
        chat.start();
        m_draft = std::make_unique<Draft>(chat.service());
        QVERIFY(QTest::qWaitFor([this] { return chat.isReady(); }));
    }

    std::unique_ptr<Draft> m_draft;
};

class DraftTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void everyConversationFindsItsDraftAgain() {
        Typing typing;
        const qint64 first = typing.ask(QStringLiteral("one"));
        typing.draft().setText(QStringLiteral("of the first\nand \u05E9\u05DC\u05D5\u05DD"));
        const qint64 second = typing.ask(QStringLiteral("two"));
        typing.draft().setText(QStringLiteral("of the second"));
        typing.chat->startConversation();
        QCOMPARE(typing.draft().text(), QString());
        typing.draft().setText(QStringLiteral("of a new one"));
        typing.restart();
        QTRY_COMPARE(typing.draft().text(), QStringLiteral("of a new one"));
        typing.chat->openConversation(first);
        QTRY_COMPARE(typing.draft().text(),
                     QStringLiteral("of the first\nand \u05E9\u05DC\u05D5\u05DD"));
        typing.chat->openConversation(second);
        QTRY_COMPARE(typing.draft().text(), QStringLiteral("of the second"));
        typing.restart();  // with that conversation open
        QTRY_COMPARE(typing.chat->currentConversation(), second);
        QCOMPARE(typing.draft().text(), QStringLiteral("of the second"));
        typing.chat->startConversation();
        QCOMPARE(typing.draft().text(), QStringLiteral("of a new one"));
    }

    void aKillCostsTheLastMomentOnly() {
        Typing typing;
        const std::vector<DraftRecord> first = {{0, QStringLiteral("half a thought"), 0, {}}};
        typing.draft().setText(first[0].text);
        QTRY_COMPARE_WITH_TIMEOUT(typing.onDisk(), first, 10'000);
        // Typing that does not pause is kept, too.
        QElapsedTimer clock;
        clock.start();
        while (clock.elapsed() < 10'000 && typing.onDisk() == first) {
            typing.draft().setText(typing.draft().text() + u'.');
            QTest::qWait(5);
        }
        QVERIFY(typing.onDisk() != first);
    }

    void sendingClearsIt() {
        Typing typing;
        typing.draft().setText(QStringLiteral("Hello"));
        QTRY_VERIFY(!typing.onDisk().empty());
        typing.draft().send();
        QTRY_VERIFY(typing.onDisk().empty());
        QTRY_VERIFY(typing.chat.hasAnswered(2));
        typing.restart();
        QTRY_COMPARE(typing.chat->turns().size(), 2);
        QCOMPARE(typing.draft().text(), QString());
    }

    void whatIsTypedWhileANewChatIsStoredStaysWithIt() {
        Typing typing;
        typing.chat.fault->slowMs = 50;
        typing.draft().setText(QStringLiteral("Hello"));
        typing.draft().send();
        typing.draft().setText(QStringLiteral("and then"));
        QTRY_VERIFY(typing.chat.hasAnswered(2));
        typing.chat.fault->slowMs = 0;
        typing.restart();
        QTRY_COMPARE(typing.chat->turns().size(), 2);
        QCOMPARE(typing.draft().text(), QStringLiteral("and then"));
        typing.chat->startConversation();
        QCOMPARE(typing.draft().text(), QString());
    }

    void anEditAndTheDraftBehindItComeBack() {
        Typing typing;
        const qint64 id = typing.ask(QStringLiteral("old words"));
        const qint64 question = typing.chat->turns()[0].id;
        typing.draft().setText(QStringLiteral("next question"));
        typing.draft().beginEditing(question, QStringLiteral("old words"));
        typing.draft().setText(QStringLiteral("better words"));
        typing.restart();
        QTRY_COMPARE(typing.chat->currentConversation(), id);
        QVERIFY(typing.draft().isEditing());
        QCOMPARE(typing.draft().text(), QStringLiteral("better words"));
        QTRY_VERIFY(typing.draft().isSendable());
        typing.draft().send();
        QTRY_COMPARE(typing.chat->turns()[0].text, QStringLiteral("better words"));
        QCOMPARE(typing.draft().text(), QStringLiteral("next question"));
        QTRY_VERIFY(typing.chat.hasAnswered(2));
        typing.restart();
        QTRY_COMPARE(typing.chat->currentConversation(), id);
        QVERIFY(!typing.draft().isEditing());
        QCOMPARE(typing.draft().text(), QStringLiteral("next question"));
    }

    void aDeletedConversationTakesItsDraftAlong() {
        Typing typing;
        const qint64 id = typing.ask(QStringLiteral("one"));
        typing.draft().setText(QStringLiteral("half a thought"));
        QTRY_VERIFY(!typing.onDisk().empty());
        typing.chat->deleteConversation(id);
        QTRY_COMPARE(typing.chat->currentConversation(), 0);
        QCOMPARE(typing.draft().text(), QString());
        QVERIFY(typing.onDisk().empty());
        typing.chat->restoreConversation(id);
        QTRY_COMPARE(typing.chat->currentConversation(), id);
        QCOMPARE(typing.draft().text(), QStringLiteral("half a thought"));
    }

    void aFullDiskIsSaidAndTheDraftIsKeptLater() {
        Typing typing;
        typing.chat.fault->isFull = true;
        typing.draft().setText(QStringLiteral("half a thought"));
        QTRY_COMPARE(typing.chat.problems, QStringList(QStringLiteral("The disk is full.")));
        typing.chat.fault->isFull = false;
        QTRY_COMPARE(typing.onDisk().size(), 1U);
    }

    void whatIsTypedBeforeTheDraftIsReadComesAfterIt() {
        Typing typing;
        typing.draft().setText(QStringLiteral("old"));
        typing.chat.close();
        Chat& chat = typing.chat;
        chat.start();
        Draft draft(chat.service());
        draft.setText(QStringLiteral("new"));
        QTRY_COMPARE(draft.text(), QStringLiteral("old\nnew"));
    }
};

}  // namespace apertura::test

QTEST_MAIN(apertura::test::DraftTest)
#include "draft_test.moc"
