// The window program as it is started: once, twice, and on a history it must not touch.
#include <QDateTime>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QImage>
#include <QProcess>
#include <QTemporaryDir>
#include <QTest>

#include "tests/app/history_fixture.h"
#include "tests/support/pace.h"

namespace apertura {
namespace {

// A picture waits for a whole answer.
constexpr int kTimeoutMs = test::kPatience > 1 ? 300'000 : 60'000;

QByteArray contentOf(const QString& path) {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

// Runs it to its end.
int exitStatusOf(const QStringList& arguments) {
    QProcess program;
    program.setProcessChannelMode(QProcess::ForwardedChannels);
    program.start(QStringLiteral(APERTURA_PROGRAM), arguments);
    const bool ended = program.waitForFinished(kTimeoutMs);
    return ended && program.exitStatus() == QProcess::NormalExit ? program.exitCode() : -1;
}

}  // namespace

class WindowProgramTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theRealWindowOpensWithoutAWarning() {
        QCOMPARE(exitStatusOf({QStringLiteral("--smoke")}), 0);
    }

    void aPictureShowsAFinishedExchange() {
        const QString path = m_folder.filePath(QStringLiteral("window.png"));
        QCOMPARE(exitStatusOf({QStringLiteral("--screenshot"), path, QStringLiteral("--size"),
                               QStringLiteral("900x700"), QStringLiteral("--scheme"),
                               QStringLiteral("dark")}),
                 0);
        const QImage picture(path);
        QCOMPARE(picture.size(), QSize(900, 700));
        QVERIFY(picture.pixelColor(2, 2).lightness() < 100);
    }

    void aPictureIsDrawnWhereAChatWasOpenBefore() {
        const QString data = m_folder.filePath(QStringLiteral("used"));
        for (const QString& name : {QStringLiteral("first.png"), QStringLiteral("second.png")}) {
            const QString path = m_folder.filePath(name);
            QCOMPARE(exitStatusOf({QStringLiteral("--screenshot"), path,
                                   QStringLiteral("--data-dir"), data}),
                     0);
            QVERIFY(QFile::exists(path));
        }
    }

    void whatIsPackedLiesInTheDataFolderAndIsUsedAgain() {
        const QDir cache(m_folder.filePath(QStringLiteral("packed/cache")));
        const QStringList packed = {QStringLiteral("*.packed")};
        loadOnce({QStringLiteral("--no-cache")});
        QVERIFY(cache.entryList(packed).isEmpty());
        loadOnce({});
        const QStringList files = cache.entryList(packed, QDir::Files);
        QCOMPARE(files.size(), 1);
        const QFileInfo first(cache.filePath(files.first()));
        const QDateTime written = first.lastModified();
        const QByteArray before = contentOf(first.filePath());
        loadOnce({});
        QCOMPARE(cache.entryList(packed, QDir::Files), files);
        QCOMPARE(contentOf(first.filePath()), before);
        QVERIFY(QFileInfo(first.filePath()).lastModified() > written);  // the order of use
    }

    void aModelThatCannotBeLoadedFailsThePictureWithStatusOne() {
        QCOMPARE(exitStatusOf({QStringLiteral("--screenshot"),
                               m_folder.filePath(QStringLiteral("none.png")), m_folder.path()}),
                 1);
    }

    void aSecondStartEndsAtOnceAndTheFirstGoesOn() {
        const QString data = m_folder.filePath(QStringLiteral("shared"));
        const QStringList arguments = {QStringLiteral("--data-dir"), data};
        QProcess first;
        first.setProcessChannelMode(QProcess::ForwardedChannels);
        first.start(QStringLiteral(APERTURA_PROGRAM), arguments);
        // The history is opened once the lock is held.
        QTRY_VERIFY_WITH_TIMEOUT(QFile::exists(data + QStringLiteral("/history.sqlite")),
                                 kTimeoutMs);
        QCOMPARE(exitStatusOf(arguments), 0);
        QCOMPARE(first.state(), QProcess::Running);
        first.kill();
        QVERIFY(first.waitForFinished(kTimeoutMs));
    }

    void aHistoryOfANewerProgramIsLeftAsItIs() {
        const QString data = m_folder.filePath(QStringLiteral("newer"));
        QVERIFY(QDir().mkpath(data));
        const QString path = data + QStringLiteral("/history.sqlite");
        openForTest(path);
        // The version stands in the header: 4 bytes, big-endian, at offset 60.
        QFile file(path);
        QVERIFY(file.open(QIODevice::ReadWrite) && file.seek(60));
        file.write(QByteArray::fromHex("00ffffff"));
        file.close();
        const QByteArray before = contentOf(path);
        QCOMPARE(exitStatusOf({QStringLiteral("--smoke"), QStringLiteral("--data-dir"), data}), 0);
        QCOMPARE(contentOf(path), before);
    }

    void aMistakeOnTheCommandLineIsAUsageError() {
        QCOMPARE(exitStatusOf(
                     {QStringLiteral("--smoke"), QStringLiteral("--size"), QStringLiteral("wide")}),
                 2);
    }

private:
    // On a data folder that all these runs share, until a model is loaded: then it is remembered.
    void loadOnce(const QStringList& options) {
        const QString data = m_folder.filePath(QStringLiteral("packed"));
        const QString settings = data + QStringLiteral("/settings.ini");
        QFile::remove(settings);
        QProcess program;
        program.setProcessChannelMode(QProcess::ForwardedChannels);
        program.start(QStringLiteral(APERTURA_PROGRAM),
                      options + QStringList{QStringLiteral("--data-dir"), data});
        QTRY_VERIFY_WITH_TIMEOUT(contentOf(settings).contains("model="), kTimeoutMs);
        program.kill();
        QVERIFY(program.waitForFinished(kTimeoutMs));
    }

    QTemporaryDir m_folder;
};

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::WindowProgramTest)
#include "window_program_test.moc"
