#include "app/history/salvage.h"

#include <algorithm>
#include <limits>
#include <optional>

#include <QDateTime>
#include <QFile>
#include <QFileInfo>

namespace apertura {
namespace {

// Lookups by id between two unreadable places: a second of work at most.
constexpr qint64 kMaxLookups = 200'000;
constexpr qint64 kLeastRowBytes = 20;  // of either table: a byte or more for each column

// SQLite's file format: page 1 begins with the header, whose fields are big-endian.
constexpr qint64 kPageBytes = 4096;         // SQLite's default, which the history never changes
constexpr int kWriteVersionOffset = 18;     // and the read version after it; 1 = no write-ahead log
constexpr int kVersionValidForOffset = 92;  // unlike the change counter: page count is not believed

QString beside(const QString& path, const QString& suffix) {
    const QFileInfo file(path);
    return QStringLiteral("%1/%2.%3.sqlite").arg(file.path(), file.completeBaseName(), suffix);
}

QString salvagePath(const QString& path) {
    return beside(path, QStringLiteral("salvage"));
}

Result<void> moveFile(const QString& from, const QString& to) {
    QFile file(from);
    if (!file.exists() || file.rename(to)) {
        return {};
    }
    return Error{ErrorCode::storageFailed, QFileInfo(from).fileName().toStdString() +
                                               ": the file cannot be renamed (" +
                                               file.errorString().toStdString() + ")."};
}

QString freeDamagedPath(const QString& path, qint64 nowMs) {
    const QString time =
        QDateTime::fromMSecsSinceEpoch(nowMs).toString(QStringLiteral("yyyyMMdd-HHmmss"));
    QString damaged = beside(path, QStringLiteral("damaged-") + time);
    for (int n = 2; QFile::exists(damaged); ++n) {
        damaged = beside(path, QStringLiteral("damaged-%1-%2").arg(time).arg(n));
    }
    return damaged;
}

// The file moves before its log: a start that finds no file finishes the salvage (finishSalvage).
Result<void> setAside(const QString& path, const QString& damaged) {
    if (Result<void> moved = moveFile(path, damaged); !moved) {
        return moved;
    }
    QFile::remove(path + QStringLiteral("-shm"));
    return moveFile(path + QStringLiteral("-wal"), damaged + QStringLiteral("-wal"));
}

void removeDatabase(const QString& path) {
    for (const char* suffix : {"", "-journal", "-wal", "-shm"}) {
        QFile::remove(path + QLatin1String(suffix));
    }
}

// A copy of the damaged file with the first page of a fresh database, for files whose own first
// page (header and list of tables) is lost: a history made by the same migrations has its tables at
// the same pages.
Result<void> copyWithFreshFirstPage(const QString& path, const QString& fresh,
                                    const QString& copy) {
    QFile donor(fresh);
    QFile file(copy);
    if (!donor.open(QIODevice::ReadOnly) || !QFile::copy(path, copy) ||
        !file.open(QIODevice::ReadWrite)) {
        return Error{ErrorCode::storageFailed, QFileInfo(path).fileName().toStdString() +
                                                   ": the damaged file cannot be copied."};
    }
    QByteArray page = donor.read(kPageBytes);
    page[kWriteVersionOffset] = 1;
    page[kWriteVersionOffset + 1] = 1;
    page[kVersionValidForOffset] = static_cast<char>(page[kVersionValidForOffset] + 1);
    if (file.write(page) != page.size() || !file.flush()) {
        return Error{ErrorCode::storageFull, QFileInfo(path).fileName().toStdString() +
                                                 ": the disk is full, so it was not rescued."};
    }
    return {};
}

// A connection for reading only. A file shorter than its header says is read as far as it goes.
Result<Database> openLenient(const QString& path) {
    Result<Database> database = Database::open(path);
    if (!database) {
        return database.error();
    }
    if (Result<void> lenient = database->run("PRAGMA writable_schema = ON"); !lenient) {
        return lenient.error();
    }
    Result<qint64> tables = database->number(
        "SELECT count(*) FROM sqlite_schema WHERE name IN ('conversations', 'messages')");
    if (!tables || *tables < 2) {
        return tables ? Error{ErrorCode::fileCorrupt, "The tables are lost."} : tables.error();
    }
    return database;
}

bool isUnreadable(const Error& error) {
    return error.code == ErrorCode::fileCorrupt;
}

// Copies the readable rows of one table, by id: upwards until a page cannot be read, downwards
// until one cannot, and one by one between.
class TableCopy {
public:
    TableCopy(Database& source, Database& target, QByteArray table)
        : m_source(source), m_target(target), m_table(std::move(table)) {}

    Result<qint64> run() {
        if (Result<void> prepared = prepareInsert(); !prepared) {
            return prepared.error();
        }
        Result<bool> all = copyRange("id > 0 ORDER BY id", m_lowest);
        if (all && !*all) {
            const QByteArray above = "id > " + QByteArray::number(m_lowest) + " ORDER BY id DESC";
            all = copyRange(above.constData(), m_highest);
        }
        if (all && !*all) {
            if (Result<void> done = copyBetween(); !done) {
                return done.error();
            }
        }
        if (!all) {
            return all.error();
        }
        return m_rows;
    }

private:
    Result<void> prepareInsert() {
        const QByteArray sql = "SELECT name FROM pragma_table_info('" + m_table + "')";
        Result<Statement> names = m_target.prepare(sql.constData());
        if (!names) {
            return names.error();
        }
        QByteArray places;
        for (Result<bool> row = names->step(); row && *row; row = names->step()) {
            m_columns += (m_columns.isEmpty() ? "" : ", ") + names->text(0).toUtf8();
            places += places.isEmpty() ? "?" : ", ?";
            ++m_columnCount;
        }
        const QByteArray insert =
            "INSERT OR IGNORE INTO " + m_table + " (" + m_columns + ") VALUES (" + places + ")";
        Result<Statement> statement = m_target.prepare(insert.constData());
        if (!statement) {
            return statement.error();
        }
        m_insert.emplace(std::move(*statement));
        return {};
    }

    Result<Statement> select(const char* condition) {
        // An index may be damaged where its table is not.
        const QByteArray sql =
            "SELECT " + m_columns + " FROM " + m_table + " NOT INDEXED WHERE " + condition;
        return m_source.prepare(sql.constData());
    }

    // True: read to the end. False: a page cannot be read. `reached` is the last id that was read.
    Result<bool> copyRange(const char* condition, qint64& reached) {
        Result<Statement> rows = select(condition);
        if (!rows) {
            return isUnreadable(rows.error()) ? Result<bool>(false) : rows.error();
        }
        return copyRows(*rows, reached);
    }

    Result<bool> copyRows(Statement& rows, qint64& reached) {
        for (;;) {
            Result<bool> row = rows.step();
            if (!row) {
                return isUnreadable(row.error()) ? Result<bool>(false) : row.error();
            }
            if (!*row) {
                return true;
            }
            if (Result<void> inserted = insert(rows); !inserted) {
                return inserted.error();
            }
            reached = rows.integer(0);
        }
    }

    Result<void> copyBetween() {
        Result<Statement> rows = select("id = ?");
        if (!rows) {
            return {};
        }
        const qint64 end = endOfLookups();
        for (qint64 id = m_lowest + 1; id < end; ++id) {
            qint64 reached = 0;
            rows->bind(1, id);
            Result<bool> copied = copyRows(*rows, reached);
            rows->reset();
            if (!copied) {
                return copied.error();
            }
        }
        return {};
    }

    // Where the last rows could not be read, the counter of ids may still say how far they went;
    // without it, no more ids are tried than the file has room for rows.
    qint64 endOfLookups() {
        const QByteArray counter =
            "SELECT max(seq) FROM sqlite_sequence WHERE name = '" + m_table + "'";
        const Result<qint64> last = m_source.number(counter.constData());
        const qint64 room = QFileInfo(m_source.path()).size() / kLeastRowBytes;
        const qint64 ids = last && *last > 0 ? std::max(*last - m_lowest, qint64(0)) : room;
        const qint64 tries = std::min({ids, m_highest - m_lowest - 1, kMaxLookups});
        return m_lowest + 1 + tries;
    }

    Result<void> insert(const Statement& row) {
        for (int column = 0; column < m_columnCount; ++column) {
            m_insert->bindColumn(column + 1, row, column);
        }
        Result<bool> done = m_insert->step();
        m_insert->reset();
        if (done) {
            m_rows += m_target.changes();
        } else if (done.error().code != ErrorCode::invalidRequest) {
            return done.error();  // all but a row of nonsense
        }
        return {};
    }

    Database& m_source;
    Database& m_target;
    QByteArray m_table;
    QByteArray m_columns;
    int m_columnCount = 0;
    std::optional<Statement> m_insert;
    qint64 m_lowest = 0;                                    // ids up to here were read
    qint64 m_highest = std::numeric_limits<qint64>::max();  // ids from here on were read
    qint64 m_rows = 0;
};

constexpr const char* kMendReferences = R"sql(
INSERT INTO conversations
    (id, title, system_prompt, sampling_json, model_path, created_ms, updated_ms)
    SELECT conversation_id,
           coalesce((SELECT substr(first.text, 1, 60) FROM messages AS first
                     WHERE first.conversation_id = messages.conversation_id AND role = 'user'
                     ORDER BY id LIMIT 1), ''),
           '', '', '', min(created_ms), max(created_ms)
    FROM messages WHERE conversation_id NOT IN (SELECT id FROM conversations)
    GROUP BY conversation_id;
UPDATE messages SET parent_id =
    (SELECT max(older.id) FROM messages AS older
     WHERE older.conversation_id = messages.conversation_id AND older.id < messages.id)
    WHERE parent_id IS NOT NULL AND NOT EXISTS
    (SELECT 1 FROM messages AS parent WHERE parent.conversation_id = messages.conversation_id
     AND parent.id = messages.parent_id);
UPDATE conversations SET current_message =
    (SELECT max(id) FROM messages WHERE conversation_id = conversations.id)
    WHERE NOT EXISTS
    (SELECT 1 FROM messages WHERE conversation_id = conversations.id AND id = current_message);
)sql";

// What can be read of the drafts; a version before them has none.
Result<void> copyDrafts(Database& source, Database& target) {
    constexpr const char* kColumns = "conversation_id, text, edited_message, edit_text";
    const std::string select = std::string("SELECT ") + kColumns + " FROM drafts";
    const std::string insert =
        std::string("INSERT OR IGNORE INTO drafts (") + kColumns + ") VALUES (?, ?, ?, ?)";
    Result<Statement> rows = source.prepare(select.c_str());
    Result<Statement> statement = target.prepare(insert.c_str());
    if (!rows || !statement) {
        return {};
    }
    for (Result<bool> row = rows->step(); row && *row; row = rows->step()) {
        for (int column = 0; column < 4; ++column) {
            statement->bindColumn(column + 1, *rows, column);
        }
        const Result<bool> done = statement->step();
        statement->reset();
        if (!done && done.error().code != ErrorCode::invalidRequest) {
            return done.error();
        }
    }
    return {};
}

Result<void> copyAll(Database& source, Database& target, Salvaged& salvaged) {
    Result<Transaction> transaction = Transaction::begin(target);
    if (!transaction) {
        return transaction.error();
    }
    Result<qint64> conversations = TableCopy(source, target, "conversations").run();
    if (!conversations) {
        return conversations.error();
    }
    Result<qint64> messages = TableCopy(source, target, "messages").run();
    if (!messages) {
        return messages.error();
    }
    if (Result<void> mended = target.runScript(kMendReferences); !mended) {
        return mended;
    }
    salvaged.conversations = *conversations;
    salvaged.messages = *messages;
    return transaction->commit();
}

// The migrations that made `source`; all of them where its version is lost.
std::span<const Migration> migrationsOf(Database& source, std::span<const Migration> migrations) {
    const Result<int> version = schemaVersion(source);
    if (!version || *version < 1 || static_cast<std::size_t>(*version) > migrations.size()) {
        return migrations;
    }
    return migrations.first(static_cast<std::size_t>(*version));
}

Result<void> makeFresh(const QString& path, std::span<const Migration> migrations) {
    removeDatabase(path);
    Result<Database> fresh = Database::open(path);
    return fresh ? migrate(*fresh, migrations) : fresh.error();
}

// Leaves the rescued rows in `rescued`.
Result<void> rescue(const QString& path, const QString& rescued,
                    std::span<const Migration> migrations, Salvaged& salvaged) {
    if (Result<void> made = makeFresh(rescued, migrations); !made) {
        return made;
    }
    if (QFileInfo(path).size() == 0) {
        return {};  // opening it would make SQLite delete its log
    }
    Result<Database> source = openLenient(path);
    const QString copy = beside(path, QStringLiteral("salvage-source"));
    if (!source && isUnreadable(source.error())) {
        removeDatabase(copy);
        if (Result<void> copied = copyWithFreshFirstPage(path, rescued, copy); !copied) {
            return copied;
        }
        source = openLenient(copy);
    }
    if (!source) {
        return isUnreadable(source.error()) ? Result<void>() : source.error();
    }
    if (Result<void> made = makeFresh(rescued, migrationsOf(*source, migrations)); !made) {
        return made;
    }
    Result<Database> target = Database::open(rescued);
    if (!target) {
        return target.error();
    }
    if (Result<void> off = target->run("PRAGMA foreign_keys = OFF"); !off) {
        return off;
    }
    Result<void> copied = copyAll(*source, *target, salvaged);
    // A first page that is not its own does not know where the drafts are: their table is younger
    // than some histories.
    const bool knowsDrafts = source->path() == path;
    return copied && knowsDrafts ? copyDrafts(*source, *target) : copied;
}

}  // namespace

Result<void> createHistory(const QString& path, std::span<const Migration> migrations) {
    const QString fresh = beside(path, QStringLiteral("new"));
    Result<void> made = makeFresh(fresh, migrations);
    if (made) {
        made = moveFile(fresh, path);
    }
    if (!made) {
        removeDatabase(fresh);
    }
    return made;
}

Result<Salvaged> salvageHistory(const QString& path, std::span<const Migration> migrations,
                                qint64 nowMs) {
    Salvaged salvaged;
    const QString rescued = salvagePath(path);
    Result<void> done = rescue(path, rescued, migrations, salvaged);
    removeDatabase(beside(path, QStringLiteral("salvage-source")));
    if (!done) {
        removeDatabase(rescued);
        return done.error();
    }
    const QString damaged = freeDamagedPath(path, nowMs);
    salvaged.keptAs = QFileInfo(damaged).fileName();
    if (Result<void> aside = setAside(path, damaged); !aside) {
        return aside.error();
    }
    if (Result<void> placed = moveFile(rescued, path); !placed) {
        return placed.error();
    }
    return salvaged;
}

Result<void> finishSalvage(const QString& path, qint64 nowMs) {
    const QString rescued = salvagePath(path);
    if (QFile::exists(path) || !QFile::exists(rescued)) {
        return {};
    }
    if (Result<void> aside = setAside(path, freeDamagedPath(path, nowMs)); !aside) {
        return aside;
    }
    return moveFile(rescued, path);
}

}  // namespace apertura
