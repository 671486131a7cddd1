// What becomes of a damaged history: set aside, rescued, and said; and of one from a newer program.
#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "app/history/sqlite_database.h"
#include "tests/app/history_fixture.h"

namespace apertura {

constexpr qint64 kPage = 4096;  // SQLite's page size
constexpr int kConversations = 5;
constexpr int kTurns = 200;  // of each conversation

class HistoryDamageTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();

    void soundHistoryIsNoNotice();
    void newerDatabaseIsRefusedUnchanged();
    void newerDatabaseWithALogIsRefusedUnchanged();
    void cutFileIsRescuedUpToTheCut();
    void garbageInTheMiddleCostsOnlyItsPages();
    void draftsAreRescued();
    void lostFirstPageIsReplaced();
    void lostMessagesLeaveNoHoles();
    void lostConversationIsMadeAnew();
    void fileOfZeroBytesIsKeptAside();
    void fileOfAnotherKindIsKeptAside();
    void damagedFileKeepsItsLog();
    void salvageCutBetweenItsRenamesIsFinished();
    void everyDamagedPageIsSurvived();
    void fullDiskDuringSalvageChangesNothing();

private:
    QString name(const char* file) const { return m_folder->filePath(QLatin1String(file)); }
    QByteArray bytes(const QString& path) const;
    void overwrite(qint64 offset, const QByteArray& with) const;
    void runSql(const char* sql) const;
    qint64 rootPage(const char* table) const;
    QString damagedFile() const;

    std::unique_ptr<QTemporaryDir> m_folder;
    QString m_path;
};

void HistoryDamageTest::init() {
    m_folder = std::make_unique<QTemporaryDir>();
    m_path = name("history.sqlite");
    static QByteArray made;  // the same for every test
    if (made.isEmpty()) {
        const std::unique_ptr<HistoryStore> store = openForTest(m_path).store;
        for (int n = 0; n < kConversations; ++n) {
            addConversation(*store, QStringLiteral("chat %1").arg(n), n);
        }
        QList<qint64> leaf(kConversations, 0);
        for (int turn = 0; turn < kTurns; ++turn) {
            for (int n = 0; n < kConversations; ++n) {
                leaf[n] = addMessage(*store, n + 1, leaf[n],
                                     QStringLiteral("turn %1 ").arg(turn).repeated(20));
            }
        }
    } else {
        QFile file(m_path);
        QVERIFY(file.open(QIODevice::WriteOnly));
        file.write(made);
    }
    made = bytes(m_path);
    QVERIFY(made.size() > 50 * kPage);
}

QByteArray HistoryDamageTest::bytes(const QString& path) const {
    QFile file(path);
    return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
}

void HistoryDamageTest::overwrite(qint64 offset, const QByteArray& with) const {
    QFile file(m_path);
    QVERIFY(file.open(QIODevice::ReadWrite));
    QVERIFY(file.seek(offset));
    file.write(with);
}

void HistoryDamageTest::runSql(const char* sql) const {
    Database database = must(Database::open(m_path));
    must(database.configure());
    must(database.run("PRAGMA foreign_keys = OFF"));
    must(database.runScript(sql));
}

qint64 HistoryDamageTest::rootPage(const char* table) const {
    Database database = must(Database::open(m_path));
    const QByteArray sql =
        QByteArray("SELECT rootpage FROM sqlite_schema WHERE name = '") + table + "'";
    return must(database.number(sql.constData()));
}

QString HistoryDamageTest::damagedFile() const {
    const QStringList found =
        QDir(m_folder->path()).entryList({QStringLiteral("history.damaged-*.sqlite")});
    return found.size() == 1 ? m_folder->filePath(found[0]) : QString();
}

void HistoryDamageTest::soundHistoryIsNoNotice() {
    const OpenedHistory opened = openForTest(m_path);
    QVERIFY(opened.notices.isEmpty());
    QCOMPARE(must(opened.store->messages(1)).size(), static_cast<std::size_t>(kTurns));
    QCOMPARE(must(opened.store->conversations()).size(), static_cast<std::size_t>(kConversations));
}

void HistoryDamageTest::newerDatabaseIsRefusedUnchanged() {
    runSql("PRAGMA user_version = 999");
    const QByteArray before = bytes(m_path);
    const Result<OpenedHistory> opened = openHistory({.path = m_path, .nowMs = {}});
    QVERIFY(!opened);
    QCOMPARE(opened.error().code, ErrorCode::unsupported);
    QCOMPARE(opened.error().message,
             std::string("history.sqlite: the history was written by a newer Apertura (version "
                         "999, this program reads up to 2); it was left as it is."));
    QVERIFY(bytes(m_path) == before);
    QVERIFY(damagedFile().isEmpty());
}

void HistoryDamageTest::newerDatabaseWithALogIsRefusedUnchanged() {
    const QString wal = m_path + QStringLiteral("-wal");
    {
        // Another connection keeps the log from being tidied away, as a killed program would.
        Database other = must(Database::open(m_path));
        must(other.number("SELECT count(*) FROM messages"));
        runSql("PRAGMA user_version = 999; CREATE TABLE newer (x)");
        QVERIFY(QFile::copy(m_path, name("kept")));
        QVERIFY(QFile::copy(wal, name("kept-wal")));
    }
    QFile::remove(m_path);
    QFile::remove(wal);
    QFile::remove(m_path + QStringLiteral("-shm"));
    QVERIFY(QFile::copy(name("kept"), m_path));
    QVERIFY(QFile::copy(name("kept-wal"), wal));
    QVERIFY(!bytes(wal).isEmpty());
    QCOMPARE(openHistory({.path = m_path, .nowMs = {}}).error().code, ErrorCode::unsupported);
    QVERIFY(bytes(m_path) == bytes(name("kept")));
    QVERIFY(bytes(wal) == bytes(name("kept-wal")));
}

void HistoryDamageTest::cutFileIsRescuedUpToTheCut() {
    QFile file(m_path);
    QVERIFY(file.resize(file.size() / 2 / kPage * kPage + 100));
    const QByteArray damaged = bytes(m_path);
    const OpenedHistory opened = openForTest(m_path);
    std::size_t rescued = 0;
    for (const ConversationRecord& conversation : must(opened.store->conversations())) {
        rescued += must(opened.store->messages(conversation.id)).size();
    }
    QVERIFY2(rescued > 300, qPrintable(QString::number(rescued)));
    QVERIFY(rescued < static_cast<std::size_t>(kConversations * kTurns));
    QCOMPARE(opened.notices.size(), 1);
    QCOMPARE(opened.notices[0],
             QStringLiteral("history.sqlite was damaged: 5 conversations and %1 messages were "
                            "rescued, and the damaged file is kept as %2.")
                 .arg(rescued)
                 .arg(QFileInfo(damagedFile()).fileName()));
    QVERIFY(bytes(damagedFile()) == damaged);
    QVERIFY(damagedFile().contains(QStringLiteral("history.damaged-2026")));
}

void HistoryDamageTest::garbageInTheMiddleCostsOnlyItsPages() {
    const qint64 pages = QFileInfo(m_path).size() / kPage;
    overwrite(pages / 3 * kPage, QByteArray(2 * kPage, '\xa5'));
    overwrite(pages / 2 * kPage, QByteArray(2 * kPage, '\xa5'));
    OpenedHistory opened = openForTest(m_path);
    QCOMPARE(opened.notices.size(), 1);
    std::size_t rescued = 0;
    for (qint64 id = 1; id <= kConversations; ++id) {
        rescued += must(opened.store->messages(id)).size();
    }
    // A page holds about 20 of these messages.
    QVERIFY2(rescued >= static_cast<std::size_t>(kConversations * kTurns - 100),
             qPrintable(opened.notices[0]));
    // What was rescued can be used, and the next start finds it sound.
    addMessage(*opened.store, 1, 0, QStringLiteral("goes on"));
    opened = {};
    QVERIFY(openForTest(m_path).notices.isEmpty());
}

void HistoryDamageTest::draftsAreRescued() {
    const DraftRecord ofNone{0, QStringLiteral("half a"), 0, {}};
    const DraftRecord ofThird{3, QStringLiteral("draft"), 7, QStringLiteral("an edit")};
    {
        const OpenedHistory opened = openForTest(m_path);
        must(opened.store->keepDraft(ofNone));
        must(opened.store->keepDraft(ofThird));
    }
    const qint64 pages = QFileInfo(m_path).size() / kPage;
    overwrite(pages / 2 * kPage, QByteArray(2 * kPage, '\xa5'));
    const OpenedHistory opened = openForTest(m_path);
    QCOMPARE(opened.notices.size(), 1);
    QCOMPARE(must(opened.store->drafts()), (std::vector<DraftRecord>{ofNone, ofThird}));
}

void HistoryDamageTest::lostFirstPageIsReplaced() {
    for (const char fill : {'\0', '\xff'}) {
        init();
        overwrite(0, QByteArray(kPage, fill));
        const OpenedHistory opened = openForTest(m_path);
        QCOMPARE(opened.notices.size(), 1);
        for (qint64 id = 1; id <= kConversations; ++id) {
            QCOMPARE(must(opened.store->messages(id)).size(), static_cast<std::size_t>(kTurns));
        }
    }
}

void HistoryDamageTest::lostMessagesLeaveNoHoles() {
    const qint64 pages = QFileInfo(m_path).size() / kPage;
    overwrite(pages / 2 * kPage, QByteArray(3 * kPage, '\0'));
    const OpenedHistory opened = openForTest(m_path);
    QCOMPARE(opened.notices.size(), 1);
    for (const ConversationRecord& conversation : must(opened.store->conversations())) {
        std::map<qint64, qint64> parents;
        for (const MessageRecord& message : must(opened.store->messages(conversation.id))) {
            parents[message.id] = message.parentId;
        }
        std::size_t onThePath = 0;
        for (qint64 id = conversation.currentMessage; id != 0; id = parents.at(id)) {
            ++onThePath;
        }
        QCOMPARE(onThePath, parents.size());
    }
}

void HistoryDamageTest::lostConversationIsMadeAnew() {
    overwrite((rootPage("conversations") - 1) * kPage, QByteArray(kPage, '\0'));
    const OpenedHistory opened = openForTest(m_path);
    QCOMPARE(opened.notices.size(), 1);
    const std::vector<ConversationRecord> all = must(opened.store->conversations());
    QCOMPARE(all.size(), static_cast<std::size_t>(kConversations));
    QVERIFY(all[0].title.startsWith(QStringLiteral("turn 0")));
    QVERIFY(all[0].currentMessage > kTurns);
}

void HistoryDamageTest::fileOfZeroBytesIsKeptAside() {
    QFile file(m_path);
    QVERIFY(file.resize(0));
    const OpenedHistory opened = openForTest(m_path);
    QCOMPARE(opened.notices.size(), 1);
    QVERIFY(must(opened.store->conversations()).empty());
    QVERIFY(QFile::exists(damagedFile()));
    addConversation(*opened.store, QStringLiteral("anew"));
}

void HistoryDamageTest::fileOfAnotherKindIsKeptAside() {
    QFile file(m_path);
    QVERIFY(file.open(QIODevice::WriteOnly | QIODevice::Truncate));
    file.write("<html>not a database</html>");
    file.close();
    const OpenedHistory opened = openForTest(m_path);
    QCOMPARE(opened.notices.size(), 1);
    QCOMPARE(bytes(damagedFile()), QByteArray("<html>not a database</html>"));
}

void HistoryDamageTest::damagedFileKeepsItsLog() {
    const QString wal = m_path + QStringLiteral("-wal");
    {
        Database other = must(Database::open(m_path));
        must(other.number("SELECT count(*) FROM messages"));
        const std::unique_ptr<HistoryStore> store = openForTest(m_path).store;
        addMessage(*store, 1, 0, QStringLiteral("only in the log"));
        QVERIFY(QFile::copy(wal, name("kept-wal")));
    }
    QVERIFY(bytes(wal) == bytes(name("kept-wal")));
    const qint64 pages = QFileInfo(m_path).size() / kPage;
    overwrite(pages / 2 * kPage, QByteArray(kPage, '\0'));
    const OpenedHistory opened = openForTest(m_path);
    QCOMPARE(opened.notices.size(), 1);
    QCOMPARE(must(opened.store->messages(1)).back().text, QStringLiteral("only in the log"));
    QVERIFY(bytes(damagedFile() + QStringLiteral("-wal")) == bytes(name("kept-wal")));
}

void HistoryDamageTest::salvageCutBetweenItsRenamesIsFinished() {
    QVERIFY(QFile::rename(m_path, name("history.salvage.sqlite")));
    QFile log(m_path + QStringLiteral("-wal"));
    QVERIFY(log.open(QIODevice::WriteOnly));
    log.write("log of the damaged file");
    log.close();
    const OpenedHistory opened = openForTest(m_path);
    QCOMPARE(must(opened.store->messages(1)).size(), static_cast<std::size_t>(kTurns));
    QVERIFY(!QFile::exists(name("history.salvage.sqlite")));
    QCOMPARE(QDir(m_folder->path()).entryList({QStringLiteral("history.damaged-*-wal")}).size(), 1);
}

void HistoryDamageTest::everyDamagedPageIsSurvived() {
    const qint64 pages = QFileInfo(m_path).size() / kPage;
    for (qint64 page = 0; page < pages; page += 13) {
        init();
        overwrite(page * kPage, QByteArray(kPage, static_cast<char>(page * 7)));
        const Result<OpenedHistory> opened = openHistory({.path = m_path, .nowMs = {}});
        QVERIFY2(opened, opened ? "" : opened.error().message.c_str());
        must((*opened).store->conversations());
        must((*opened).store->messages(1));
        addMessage(*(*opened).store, addConversation(*(*opened).store, QStringLiteral("new")), 0,
                   QStringLiteral("goes on"));
    }
}

void HistoryDamageTest::fullDiskDuringSalvageChangesNothing() {
    overwrite(QFileInfo(m_path).size() / 2 / kPage * kPage, QByteArray(kPage, '\0'));
    const QByteArray before = bytes(m_path);
    {
        const FullDisk disk(64 * 1024);
        const Result<OpenedHistory> opened = openHistory({.path = m_path, .nowMs = {}});
        QVERIFY(!opened);
        QCOMPARE(opened.error().code, ErrorCode::storageFull);
    }
    QVERIFY(bytes(m_path) == before);
    QCOMPARE(QDir(m_folder->path()).entryList({QStringLiteral("*.sqlite")}).size(), 1);
    QCOMPARE(openForTest(m_path).notices.size(), 1);
}

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::HistoryDamageTest)
#include "history_damage_test.moc"
