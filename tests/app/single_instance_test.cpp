// Two starts with one data folder, as two processes.
#include "app/settings/single_instance.h"

#include <algorithm>
#include <limits>

#include <QDir>
#include <QElapsedTimer>
#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

namespace apertura {

class SingleInstanceTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void secondStartRaisesTheFirstAndEnds_data();
    void secondStartRaisesTheFirstAndEnds();
    void lockOfAKilledProcessIsTakenOver();
    void socketFileOfAKilledProcessIsReplaced();
    void otherDataFolderIsAnotherInstance();
    void lockEndsWithItsObject();
    void folderThatIsNotThereIsOneSentence();

private:
    // Starts the holder and waits for its first word.
    static QString start(QProcess& holder, const QString& folder);
};

QString SingleInstanceTest::start(QProcess& holder, const QString& folder) {
    holder.setProcessChannelMode(QProcess::ForwardedErrorChannel);
    holder.start(QStringLiteral(INSTANCE_HOLDER), {folder});
    holder.waitForReadyRead(10'000);
    return QString::fromLocal8Bit(holder.readLine()).trimmed();
}

void SingleInstanceTest::secondStartRaisesTheFirstAndEnds_data() {
    QTest::addColumn<QString>("name");
    QTest::newRow("short path") << QStringLiteral("data");
    QTest::newRow("path too long for a socket") << QStringLiteral("long/").repeated(40);
    QTest::newRow("path of many bytes") << QStringLiteral("机器学习").repeated(10);
}

void SingleInstanceTest::secondStartRaisesTheFirstAndEnds() {
    QFETCH(QString, name);
    const QTemporaryDir folder;
    const QString data = folder.filePath(name);
    QVERIFY(QDir().mkpath(data));
    QProcess first;
    QCOMPARE(start(first, data), QStringLiteral("first"));
    qint64 shortestMs = std::numeric_limits<qint64>::max();
    for (int start = 0; start < 3; ++start) {
        QElapsedTimer clock;
        clock.start();
        SingleInstance second(data);
        const Result<bool> acquired = second.acquire();
        QVERIFY(acquired);
        QVERIFY(!*acquired);
        shortestMs = std::min(shortestMs, clock.elapsed());
        QVERIFY(first.waitForReadyRead(10'000));
        QCOMPARE(first.readLine().trimmed(), QByteArray("raised"));
    }
    QVERIFY(shortestMs < 1500);  // answered, not timed out
    QProcess third;
    QCOMPARE(start(third, data), QStringLiteral("second"));
    QVERIFY(third.waitForFinished(10'000));
    QCOMPARE(third.exitCode(), 0);
    first.kill();
    QVERIFY(first.waitForFinished(10'000));
}

void SingleInstanceTest::lockOfAKilledProcessIsTakenOver() {
    const QTemporaryDir folder;
    QProcess first;
    QCOMPARE(start(first, folder.path()), QStringLiteral("first"));
    first.kill();
    QVERIFY(first.waitForFinished(10'000));
    SingleInstance next(folder.path());
    const Result<bool> acquired = next.acquire();
    QVERIFY(acquired);
    QVERIFY(*acquired);
}

void SingleInstanceTest::socketFileOfAKilledProcessIsReplaced() {
    const QTemporaryDir folder;
    QProcess first;
    QCOMPARE(start(first, folder.path()), QStringLiteral("first"));
    first.kill();
    QVERIFY(first.waitForFinished(10'000));
    QVERIFY(QFile::exists(folder.filePath(QStringLiteral("apertura.socket"))));

    SingleInstance next(folder.path());
    const QSignalSpy raised(&next, &SingleInstance::raiseRequested);
    QVERIFY(*next.acquire());
    QProcess second;
    second.start(QStringLiteral(INSTANCE_HOLDER), {folder.path()});
    QTRY_COMPARE_WITH_TIMEOUT(raised.size(), 1, 10'000);
    QTRY_COMPARE_WITH_TIMEOUT(second.state(), QProcess::NotRunning, 10'000);
    QCOMPARE(second.readAllStandardOutput().trimmed(), QByteArray("second"));
    QCOMPARE(second.exitCode(), 0);
}

void SingleInstanceTest::otherDataFolderIsAnotherInstance() {
    const QTemporaryDir one;
    const QTemporaryDir two;
    SingleInstance here(one.path());
    SingleInstance there(two.path());
    QVERIFY(*here.acquire());
    QVERIFY(*there.acquire());
}

void SingleInstanceTest::lockEndsWithItsObject() {
    const QTemporaryDir folder;
    {
        SingleInstance one(folder.path());
        QVERIFY(*one.acquire());
    }
    SingleInstance other(folder.path());
    QVERIFY(*other.acquire());
}

void SingleInstanceTest::folderThatIsNotThereIsOneSentence() {
    SingleInstance instance(QStringLiteral("/nowhere"));
    const Result<bool> acquired = instance.acquire();
    QVERIFY(!acquired);
    QCOMPARE(acquired.error().code, ErrorCode::storageFailed);
    QCOMPARE(acquired.error().message,
             std::string("/nowhere/apertura.lock: the file cannot be made (No such file or "
                         "directory)."));
}

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::SingleInstanceTest)
#include "single_instance_test.moc"
