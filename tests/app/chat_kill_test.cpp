// A chat that is killed while an answer comes in keeps every question, and of every answer what was
// shown more than about a second before.
#include <QElapsedTimer>
#include <QMap>
#include <QProcess>
#include <QRandomGenerator>

#include "tests/app/chat_fixture.h"
#include "tests/app/history_fixture.h"

namespace apertura {

// Saved once a second, and then it takes a moment to reach the disk.
constexpr qint64 kMayBeLostMs = 1200;
constexpr int kKills = 20;
// A disk or a machine that stands still for a moment is not the program's fault, and does so
// seldom.
constexpr int kMayBeLate = 2;

class ChatKillTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void twentyKillsLoseNoQuestionAndNoOldText();

private:
    void runAndKill(int afterMs);
    void checkAll();

    test::Chat m_chat;
    QMap<qint64, qsizetype> m_due;  // characters that must be there, by message
    int m_oldText = 0;              // lines about answers that had to be saved
    int m_late = 0;                 // kills that took more than what may be lost
};

void ChatKillTest::runAndKill(int afterMs) {
    QProcess writer;
    writer.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    writer.start(QStringLiteral(CHAT_WRITER), {m_chat.folder.path()});
    QVERIFY(writer.waitForReadyRead(10'000));
    QTest::qSleep(afterMs);
    QElapsedTimer clock;
    clock.start();
    writer.kill();
    QVERIFY(writer.waitForFinished(10'000));
    QCOMPARE(writer.exitStatus(), QProcess::CrashExit);
    for (const QByteArray& line : writer.readAllStandardOutput().split('\n')) {
        const QList<QByteArray> words = line.split(' ');
        if (words.size() != 3 || words[0] == "0") {
            continue;
        }
        const bool isOld = words[2].toLongLong() + kMayBeLostMs < clock.msecsSinceReference();
        qsizetype& due = m_due[words[0].toLongLong()];
        due = isOld ? std::max(due, words[1].toLongLong()) : due;
        m_oldText += isOld && words[1] != "0" ? 1 : 0;
    }
}

void ChatKillTest::checkAll() {
    const OpenedHistory history =
        openForTest(m_chat.folder.filePath(QStringLiteral("history.sqlite")));
    QVERIFY(history.notices.isEmpty());
    QMap<qint64, qsizetype> missing = m_due;
    int partial = 0;
    bool isLate = false;
    for (const ConversationRecord& conversation : must(history.store->conversations())) {
        for (const MessageRecord& message : must(history.store->messages(conversation.id))) {
            partial += message.state == MessageState::partial ? 1 : 0;
            const qsizetype due = missing.take(message.id);
            if (message.text.size() < due) {
                qInfo("message %lld: %lld of %lld characters", message.id, message.text.size(),
                      due);
                isLate = true;
                m_due[message.id] = message.text.size();
            }
        }
    }
    QVERIFY2(missing.isEmpty(), qPrintable(QString::number(missing.size())));
    QVERIFY(partial <= 1);
    m_late += isLate ? 1 : 0;
}

void ChatKillTest::twentyKillsLoseNoQuestionAndNoOldText() {
    for (int kill = 0; kill < kKills; ++kill) {
        runAndKill(QRandomGenerator::global()->bounded(1900));
        checkAll();
        if (QTest::currentTestFailed()) {
            return;
        }
    }
    QVERIFY(m_oldText > 0);
    QVERIFY2(m_late <= kMayBeLate, qPrintable(QString::number(m_late)));
    m_chat.start(QString());
    QTRY_VERIFY(!m_chat->conversations().isEmpty());
    int interrupted = 0;
    for (const ConversationSummary& summary : m_chat->conversations()) {
        m_chat->openConversation(summary.id);
        QTRY_COMPARE(m_chat->currentConversation(), summary.id);
        for (const ChatTurn& turn : m_chat->turns()) {
            QVERIFY(turn.state != MessageState::partial);
            interrupted += turn.state == MessageState::interrupted ? 1 : 0;
        }
    }
    QVERIFY(interrupted > kKills / 2);
    qInfo("%d messages, %d interrupted, %d lines of text had to be there, and were",
          static_cast<int>(m_due.size()), interrupted, m_oldText);
}

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::ChatKillTest)
#include "chat_kill_test.moc"
