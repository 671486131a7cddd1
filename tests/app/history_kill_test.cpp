// A program that is killed while it writes loses nothing that was committed.
#include <QMap>
#include <QProcess>
#include <QRandomGenerator>
#include <QTemporaryDir>
#include <QTest>

#include "tests/app/history_fixture.h"

namespace apertura {

struct Said {
    qsizetype characters = 0;
    bool complete = false;
};

class HistoryKillTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void twentyKillsLoseNothingCommitted();

private:
    void runAndKill(int afterLines);
    void checkAll();

    QTemporaryDir m_folder;
    QString m_path = m_folder.filePath(QStringLiteral("history.sqlite"));
    QMap<qint64, Said> m_said;  // the last that was said of each message
};

void HistoryKillTest::runAndKill(int afterLines) {
    QProcess writer;
    writer.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    writer.start(QStringLiteral(HISTORY_WRITER), {m_path});
    // So much work rather than so much time: a slow disk commits few messages in a while.
    QByteArray said;
    while (said.count('\n') < afterLines) {
        QVERIFY(writer.waitForReadyRead(30'000));
        said += writer.readAllStandardOutput();
    }
    QTest::qSleep(QRandomGenerator::global()->bounded(1, 4));
    writer.kill();
    QVERIFY(writer.waitForFinished(10'000));
    QCOMPARE(writer.exitStatus(), QProcess::CrashExit);
    said += writer.readAllStandardOutput();
    for (const QByteArray& line : said.split('\n')) {
        const QList<QByteArray> words = line.split(' ');
        if (words.size() == 3) {
            m_said[words[0].toLongLong()] = {words[1].toLongLong(), words[2] == "complete"};
        }
    }
}

void HistoryKillTest::checkAll() {
    const OpenedHistory history = openForTest(m_path);
    QVERIFY(history.notices.isEmpty());
    const int interrupted = must(history.store->markInterrupted());
    QVERIFY2(interrupted <= 1, qPrintable(QString::number(interrupted)));
    QMap<qint64, Said> left = m_said;
    for (const ConversationRecord& conversation : must(history.store->conversations())) {
        for (const MessageRecord& message : must(history.store->messages(conversation.id))) {
            QVERIFY(message.state == MessageState::complete ||
                    message.state == MessageState::interrupted);
            const auto said = left.constFind(message.id);
            if (said == left.constEnd()) {
                continue;  // committed, and killed before it was said
            }
            QVERIFY(message.text.size() >= said->characters);
            QVERIFY(message.state == MessageState::complete || !said->complete);
            left.remove(message.id);
        }
    }
    QVERIFY2(left.isEmpty(), qPrintable(QString::number(left.size())));
}

void HistoryKillTest::twentyKillsLoseNothingCommitted() {
    for (int kill = 0; kill < 20; ++kill) {
        runAndKill(QRandomGenerator::global()->bounded(1, 50));
        checkAll();
        if (QTest::currentTestFailed()) {
            return;
        }
    }
    QVERIFY(m_said.size() > 20);
    qInfo("%d messages were said to be stored, and are", static_cast<int>(m_said.size()));
}

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::HistoryKillTest)
#include "history_kill_test.moc"
