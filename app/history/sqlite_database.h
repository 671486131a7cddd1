// SQLite behind two owners, Database and Statement: the only code that sees sqlite3.h.
#pragma once

#include <memory>
#include <utility>

#include <QString>

#include "inference/status.h"

struct sqlite3;
struct sqlite3_stmt;

namespace apertura {

// The path of a database without a file.
inline constexpr const char* kInMemory = ":memory:";

// A prepared statement. Parameters and columns count from 1 and from 0, as in SQLite. A statement
// must be gone before its Database is.
class Statement {
public:
    void bind(int parameter, qint64 value);
    void bind(int parameter, const QString& text);  // as UTF-8; NUL characters are kept
    void bindNull(int parameter);
    // The value in `column` of the current row of `source`, of whatever type.
    void bindColumn(int parameter, const Statement& source, int column);

    // True: there is a row to read. False: it has run to its end. Reports what bind() refused, too.
    Result<bool> step();
    void reset();  // ready to run again; parameters keep their values

    qint64 integer(int column) const;  // NULL reads as 0
    QString text(int column) const;    // NULL reads as empty
    bool isNull(int column) const;

private:
    friend class Database;
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const;
    };
    explicit Statement(sqlite3_stmt* statement) : m_statement(statement) {}
    void remember(int code);

    std::unique_ptr<sqlite3_stmt, Finalize> m_statement;
    int m_bindCode = 0;  // the first failure of bind()
};

// One connection. Threads: the one that opened it.
//
// Errors of every call: storageFull (disk full, quota or file size limit), fileCorrupt (damaged, or
// no database), invalidRequest (a constraint of the schema), storageFailed (all else); the sentence
// names the file. What was not committed is not stored.
class Database {
public:
    // Creates the file if it is missing, readable by its owner only; kInMemory has no file. Until
    // configure() a close leaves the file and its write-ahead log byte for byte as they are.
    static Result<Database> open(const QString& path);

    // The lasting settings: write-ahead log, every commit on disk before it returns, foreign keys,
    // deleted text overwritten. Tidies the log away when it closes.
    Result<void> configure();

    Result<Statement> prepare(const char* sql);
    // Runs one statement to its end; `values` are bound in order.
    template <typename... Values>
    Result<void> run(const char* sql, const Values&... values) {
        Result<Statement> statement = prepare(sql);
        if (!statement) {
            return statement.error();
        }
        int parameter = 0;
        (statement->bind(++parameter, values), ...);
        return finish(*statement);
    }
    // Runs several statements without parameters or rows.
    Result<void> runScript(const char* sql);
    // The first column of the first row; 0 without a row.
    Result<qint64> number(const char* sql);
    // A copy of everything committed, in a file that must not exist. On failure there is no file.
    Result<void> copyTo(const QString& path);

    qint64 lastInsertId() const;
    int changes() const;       // rows that the last statement changed
    void rollBack() noexcept;  // ends a transaction, where there is one, without a trace
    QString path() const { return m_path; }
    std::string fileName() const;  // for sentences

private:
    struct Close {
        void operator()(sqlite3* connection) const;
    };
    Database(sqlite3* connection, QString path)
        : m_connection(connection), m_path(std::move(path)) {}
    static Result<void> finish(Statement& statement);

    std::unique_ptr<sqlite3, Close> m_connection;
    QString m_path;
};

// All or nothing: rolled back unless commit() succeeded.
class Transaction {
public:
    static Result<Transaction> begin(Database& database);
    ~Transaction();
    Transaction(Transaction&& other) noexcept
        : m_database(std::exchange(other.m_database, nullptr)) {}
    Transaction& operator=(Transaction&&) = delete;

    Result<void> commit();

private:
    explicit Transaction(Database& database) : m_database(&database) {}

    Database* m_database;
};

}  // namespace apertura
