#include "app/history/sqlite_database.h"

#include <cerrno>
#include <sqlite3.h>

#include <QFile>
#include <QFileInfo>

namespace apertura {
namespace {

// A second window's start, or a backup program, holds the file for moments only.
constexpr int kBusyTimeoutMs = 5000;

std::string nameOf(const QString& path) {
    return QFileInfo(path).fileName().toStdString();
}

// A full disk is SQLITE_FULL; a quota or a size limit is only an I/O error with this errno, which
// SQLite does not keep for a failing COMMIT (sqlite3_system_errno is 0 then).
bool diskIsFull(int code, int systemError) {
    return code == SQLITE_FULL ||
           (code == SQLITE_IOERR &&
            (systemError == ENOSPC || systemError == EDQUOT || systemError == EFBIG));
}

Error makeError(sqlite3* connection, int extendedCode, const std::string& file) {
    const int systemError = errno;
    const int code = extendedCode & 0xff;
    const std::string reason = connection ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    if (diskIsFull(code, systemError)) {
        return {ErrorCode::storageFull, file + ": the disk is full, so this was not saved."};
    }
    switch (code) {
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return {ErrorCode::fileCorrupt, file + ": the file is damaged (" + reason + ")."};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {ErrorCode::storageFailed, file + ": another program is holding this file."};
        case SQLITE_CONSTRAINT:
            return {ErrorCode::invalidRequest,
                    file + ": this does not fit what is stored (" + reason + ")."};
        case SQLITE_NOMEM:
            return {ErrorCode::outOfMemory, file + ": there is not enough memory to use it."};
        default:
            return {ErrorCode::storageFailed,
                    file + ": reading or writing failed (" + reason + ")."};
    }
}

Error errorOf(sqlite3* connection) {
    const char* path = sqlite3_db_filename(connection, "main");
    const bool hasFile = path && *path;
    return makeError(connection, sqlite3_extended_errcode(connection),
                     hasFile ? nameOf(QString::fromUtf8(path)) : "history in memory");
}

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

void Statement::remember(int code) {
    if (m_bindCode == SQLITE_OK) {
        m_bindCode = code;
    }
}

void Statement::bind(int parameter, qint64 value) {
    remember(sqlite3_bind_int64(m_statement.get(), parameter, value));
}

void Statement::bind(int parameter, const QString& text) {
    const QByteArray utf8 = text.toUtf8();
    remember(sqlite3_bind_text64(m_statement.get(), parameter, utf8.constData(),
                                 static_cast<sqlite3_uint64>(utf8.size()), SQLITE_TRANSIENT,
                                 SQLITE_UTF8));
}

void Statement::bindNull(int parameter) {
    remember(sqlite3_bind_null(m_statement.get(), parameter));
}

void Statement::bindColumn(int parameter, const Statement& source, int column) {
    remember(sqlite3_bind_value(m_statement.get(), parameter,
                                sqlite3_column_value(source.m_statement.get(), column)));
}

Result<bool> Statement::step() {
    sqlite3* connection = sqlite3_db_handle(m_statement.get());
    if (m_bindCode != SQLITE_OK) {
        return makeError(nullptr, m_bindCode, "history");
    }
    errno = 0;
    const int code = sqlite3_step(m_statement.get());
    if (code == SQLITE_ROW) {
        return true;
    }
    if (code == SQLITE_DONE) {
        return false;
    }
    return errorOf(connection);
}

void Statement::reset() {
    sqlite3_reset(m_statement.get());
}

qint64 Statement::integer(int column) const {
    return sqlite3_column_int64(m_statement.get(), column);
}

QString Statement::text(int column) const {
    const unsigned char* bytes = sqlite3_column_text(m_statement.get(), column);
    const int size = sqlite3_column_bytes(m_statement.get(), column);
    return QString::fromUtf8(reinterpret_cast<const char*>(bytes), size);
}

bool Statement::isNull(int column) const {
    return sqlite3_column_type(m_statement.get(), column) == SQLITE_NULL;
}

void Database::Close::operator()(sqlite3* connection) const {
    sqlite3_close_v2(connection);
}

Result<Database> Database::open(const QString& path) {
    if (path != QLatin1String(kInMemory) && !QFile::exists(path)) {
        // Made here, not by SQLite, for its mode; the log files take theirs from it.
        QFile file(path);
        if (!file.open(QIODevice::NewOnly | QIODevice::WriteOnly,
                       QFile::ReadOwner | QFile::WriteOwner)) {
            return Error{ErrorCode::storageFailed, nameOf(path) + ": the file cannot be made (" +
                                                       file.errorString().toStdString() + ")."};
        }
    }
    sqlite3* connection = nullptr;
    const int code = sqlite3_open_v2(path.toUtf8().constData(), &connection,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    Database database(connection, path);
    if (code != SQLITE_OK) {
        return makeError(connection, code, nameOf(path));
    }
    sqlite3_extended_result_codes(connection, 1);
    sqlite3_busy_timeout(connection, kBusyTimeoutMs);
    sqlite3_db_config(connection, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    return database;
}

Result<void> Database::configure() {
    for (const char* sql : {"PRAGMA journal_mode = WAL", "PRAGMA synchronous = FULL",
                            "PRAGMA foreign_keys = ON", "PRAGMA secure_delete = ON"}) {
        Result<Statement> statement = prepare(sql);
        if (!statement) {
            return statement.error();
        }
        if (Result<void> done = finish(*statement); !done) {
            return done;
        }
    }
    sqlite3_db_config(m_connection.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, nullptr);
    return {};
}

Result<Statement> Database::prepare(const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(m_connection.get(), sql, -1, &statement, nullptr) != SQLITE_OK) {
        return errorOf(m_connection.get());
    }
    return Statement(statement);
}

Result<void> Database::finish(Statement& statement) {
    for (;;) {
        Result<bool> row = statement.step();
        if (!row) {
            return row.error();
        }
        if (!*row) {
            return {};
        }
    }
}

Result<void> Database::runScript(const char* sql) {
    errno = 0;
    if (sqlite3_exec(m_connection.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) {
        return errorOf(m_connection.get());
    }
    return {};
}

Result<qint64> Database::number(const char* sql) {
    Result<Statement> statement = prepare(sql);
    if (!statement) {
        return statement.error();
    }
    Result<bool> row = statement->step();
    if (!row) {
        return row.error();
    }
    return *row ? statement->integer(0) : 0;
}

Result<void> Database::copyTo(const QString& path) {
    Result<Database> copy = open(path);
    if (!copy) {
        return copy.error();
    }
    sqlite3* target = copy->m_connection.get();
    sqlite3_backup* backup = sqlite3_backup_init(target, "main", m_connection.get(), "main");
    // All pages in one step: no other writer can make it start again.
    const int stepped = backup ? sqlite3_backup_step(backup, -1) : SQLITE_ERROR;
    const int finished = backup ? sqlite3_backup_finish(backup) : SQLITE_ERROR;
    if (stepped == SQLITE_DONE && finished == SQLITE_OK) {
        return {};
    }
    const Error error = errorOf(target);
    copy->m_connection.reset();
    QFile::remove(path);
    return error;
}

qint64 Database::lastInsertId() const {
    return sqlite3_last_insert_rowid(m_connection.get());
}

int Database::changes() const {
    return sqlite3_changes(m_connection.get());
}

void Database::rollBack() noexcept {
    // Some failures (a full disk) have rolled back already.
    if (sqlite3_get_autocommit(m_connection.get()) == 0) {
        sqlite3_exec(m_connection.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

std::string Database::fileName() const {
    return nameOf(m_path);
}

Result<Transaction> Transaction::begin(Database& database) {
    // IMMEDIATE: a second writer waits here, where waiting is possible, not at its first write.
    if (Result<void> begun = database.run("BEGIN IMMEDIATE"); !begun) {
        return begun.error();
    }
    return Transaction(database);
}

Transaction::~Transaction() {
    if (m_database) {
        m_database->rollBack();
    }
}

Result<void> Transaction::commit() {
    return m_database->run("COMMIT");
}

}  // namespace apertura
