// How the history database grows with the program's versions.
#include <array>

#include <QDir>
#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include "app/history/migrations.h"
#include "tests/app/history_fixture.h"

namespace apertura {
namespace {

Result<void> first(Database& database) {
    return historyMigrations()[0].apply(database);
}

// As a real one may: a column, and a table made anew, which needs foreign keys to be off.
Result<void> second(Database& database) {
    return database.runScript(R"sql(
ALTER TABLE conversations ADD COLUMN colour TEXT NOT NULL DEFAULT 'grey';
CREATE TABLE renewed (id INTEGER PRIMARY KEY AUTOINCREMENT, title TEXT NOT NULL);
INSERT INTO renewed SELECT id, title FROM conversations;
)sql");
}

Result<void> failing(Database& database) {
    if (Result<void> made = database.run("CREATE TABLE half (x)"); !made) {
        return made;
    }
    return database.run("CREATE TABLE conversations (x)");
}

Result<void> orphaning(Database& database) {
    return database.run("DELETE FROM conversations");
}

constexpr std::array kOne = {Migration{1, first}};
constexpr std::array kTwo = {Migration{1, first}, Migration{2, second}};
constexpr std::array kFailing = {Migration{1, first}, Migration{2, failing}};
constexpr std::array kOrphaning = {Migration{1, first}, Migration{2, orphaning}};

QString schemaOf(Database& database) {
    Result<Statement> rows = database.prepare(
        "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' "
        "ORDER BY type DESC, name");
    QString text;
    while (must(rows->step())) {
        text += rows->text(0) + QStringLiteral(";\n");
    }
    return text;
}

Database migrated(const QString& path, std::span<const Migration> migrations) {
    Database database = must(Database::open(path));
    must(migrate(database, migrations));
    return database;
}

}  // namespace

class HistoryMigrationTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init() { m_folder = std::make_unique<QTemporaryDir>(); }

    void freshSchemaEqualsMigratedSchema();
    void releasedMigrationsAreNotEdited();
    void migrationKeepsEveryRowAndACopyOfBefore();
    void aHistoryOfVersionOneLearnsToKeepDrafts();
    void failingMigrationChangesNothing();
    void migrationThatBreaksReferencesIsRefused();
    void fullDiskDuringTheCopyChangesNothing();
    void migratedDatabaseIsNotMigratedAgain();
    void damagedOldDatabaseIsSalvagedAndMigrated();

private:
    QString path() const { return m_folder->filePath(QStringLiteral("history.sqlite")); }
    QString copyPath() const {
        return m_folder->filePath(QStringLiteral("history.version-1.sqlite"));
    }
    void makeVersionOne() const;

    std::unique_ptr<QTemporaryDir> m_folder;
};

void HistoryMigrationTest::makeVersionOne() const {
    const OpenedHistory history =
        must(openHistory({.path = path(), .nowMs = {}, .migrations = kOne}));
    const qint64 id = addConversation(*history.store, QStringLiteral("old"));
    addMessage(*history.store, id, 0, QStringLiteral("older"));
}

void HistoryMigrationTest::freshSchemaEqualsMigratedSchema() {
    makeVersionOne();
    Database old = migrated(path(), kTwo);
    Database fresh = migrated(QStringLiteral(":memory:"), kTwo);
    QCOMPARE(schemaOf(old), schemaOf(fresh));
    QCOMPARE(must(schemaVersion(old)), 2);
    QCOMPARE(must(schemaVersion(fresh)), 2);
}

// tests/data/history/version-<n>.sql is what version n was released with. A new migration comes
// with a new file; these never change.
void HistoryMigrationTest::releasedMigrationsAreNotEdited() {
    for (std::size_t count = 1; count <= historyMigrations().size(); ++count) {
        Database database = migrated(QStringLiteral(":memory:"), historyMigrations().first(count));
        QFile released(
            QStringLiteral(APERTURA_SOURCE_DIR "/tests/data/history/version-%1.sql").arg(count));
        QVERIFY2(released.open(QIODevice::ReadOnly), qPrintable(released.fileName()));
        QCOMPARE(schemaOf(database), QString::fromUtf8(released.readAll()));
    }
}

void HistoryMigrationTest::migrationKeepsEveryRowAndACopyOfBefore() {
    makeVersionOne();
    OpenedHistory history = must(openHistory({.path = path(), .nowMs = {}, .migrations = kTwo}));
    QCOMPARE(must(history.store->conversations())[0].title, QStringLiteral("old"));
    QCOMPARE(must(history.store->messages(1))[0].text, QStringLiteral("older"));
    QVERIFY(history.notices.isEmpty());
    // The copy is a history of the version before, which that program reads.
    const OpenedHistory before =
        must(openHistory({.path = copyPath(), .nowMs = {}, .migrations = kOne}));
    QCOMPARE(must(before.store->messages(1))[0].text, QStringLiteral("older"));
    // And a program of before refuses the new one.
    history = {};
    QCOMPARE(openHistory({.path = path(), .nowMs = {}, .migrations = kOne}).error().code,
             ErrorCode::unsupported);
}

void HistoryMigrationTest::aHistoryOfVersionOneLearnsToKeepDrafts() {
    makeVersionOne();
    const OpenedHistory history = openForTest(path());
    QCOMPARE(must(history.store->messages(1))[0].text, QStringLiteral("older"));
    const DraftRecord draft{1, QStringLiteral("half a"), 0, {}};
    must(history.store->keepDraft(draft));
    QCOMPARE(must(history.store->drafts()), std::vector<DraftRecord>{draft});
    // What went into the database before there were drafts takes its draft with it, too.
    must(history.store->deleteConversation(1, 5));
    must(history.store->purgeDeleted(6));
    Database database = must(Database::open(path()));
    QCOMPARE(must(database.number("SELECT count(*) FROM drafts")), 0);
}

void HistoryMigrationTest::failingMigrationChangesNothing() {
    makeVersionOne();
    const Result<OpenedHistory> failed =
        openHistory({.path = path(), .nowMs = {}, .migrations = kFailing});
    QVERIFY(!failed);
    const OpenedHistory history =
        must(openHistory({.path = path(), .nowMs = {}, .migrations = kOne}));
    QCOMPARE(must(history.store->messages(1)).size(), 1U);
    Database database = must(Database::open(path()));
    QVERIFY(!schemaOf(database).contains(QStringLiteral("half")));
}

void HistoryMigrationTest::migrationThatBreaksReferencesIsRefused() {
    makeVersionOne();
    Database database = must(Database::open(path()));
    const Result<void> refused = migrate(database, kOrphaning);
    QVERIFY(!refused);
    QVERIFY(refused.error().message.find("refer to rows that are not there") != std::string::npos);
    QCOMPARE(must(schemaVersion(database)), 1);
    QCOMPARE(must(database.number("SELECT count(*) FROM conversations")), 1);
}

void HistoryMigrationTest::fullDiskDuringTheCopyChangesNothing() {
    makeVersionOne();
    {
        const FullDisk disk(8 * 1024);
        const Result<OpenedHistory> failed =
            openHistory({.path = path(), .nowMs = {}, .migrations = kTwo});
        QVERIFY(!failed);
        QCOMPARE(failed.error().code, ErrorCode::storageFull);
    }
    QVERIFY(!QFile::exists(copyPath()));
    const OpenedHistory history =
        must(openHistory({.path = path(), .nowMs = {}, .migrations = kOne}));
    QCOMPARE(must(history.store->messages(1)).size(), 1U);
}

void HistoryMigrationTest::migratedDatabaseIsNotMigratedAgain() {
    makeVersionOne();
    migrated(path(), kTwo);
    QVERIFY(QFile::remove(copyPath()));
    migrated(path(), kTwo);
    QVERIFY(!QFile::exists(copyPath()));
}

void HistoryMigrationTest::damagedOldDatabaseIsSalvagedAndMigrated() {
    makeVersionOne();
    QFile file(path());
    QVERIFY(file.open(QIODevice::ReadWrite));
    QVERIFY(file.resize(file.size() - 4096));
    file.close();
    const OpenedHistory history =
        must(openHistory({.path = path(), .nowMs = {}, .migrations = kTwo}));
    QCOMPARE(history.notices.size(), 1);
    QCOMPARE(must(history.store->messages(1))[0].text, QStringLiteral("older"));
    Database database = must(Database::open(path()));
    QCOMPARE(must(schemaVersion(database)), 2);
}

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::HistoryMigrationTest)
#include "history_migration_test.moc"
