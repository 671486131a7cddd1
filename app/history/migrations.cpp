#include "app/history/migrations.h"

#include <array>

#include <QFile>
#include <QFileInfo>

namespace apertura {
namespace {

// Ids are never used again (AUTOINCREMENT), so an id kept by an undo can not hit another row. A
// parent is older than its children (CHECK): the messages are a tree whatever is written. The
// references among messages do not cascade: SQLite cascades recursively, 1,000 levels at most, and
// a conversation can be longer. They are deferred, so that a purge may delete in any order.
Result<void> createConversationsAndMessages(Database& database) {
    return database.runScript(R"sql(
CREATE TABLE conversations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title TEXT NOT NULL,
    system_prompt TEXT NOT NULL,
    sampling_json TEXT NOT NULL,
    model_path TEXT NOT NULL,
    current_message INTEGER,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL,
    deleted_ms INTEGER,
    FOREIGN KEY (id, current_message) REFERENCES messages (conversation_id, id)
        DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE TABLE messages (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation_id INTEGER NOT NULL REFERENCES conversations (id) ON DELETE CASCADE,
    parent_id INTEGER CHECK (parent_id < id),
    role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant', 'tool')),
    text TEXT NOT NULL,
    thoughts TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN
        ('complete', 'partial', 'interrupted', 'stopped', 'contextFull', 'failed')),
    error TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    model_name TEXT NOT NULL,
    provenance_json TEXT NOT NULL,
    metrics_json TEXT NOT NULL,
    UNIQUE (conversation_id, id),
    FOREIGN KEY (conversation_id, parent_id) REFERENCES messages (conversation_id, id)
        DEFERRABLE INITIALLY DEFERRED
) STRICT;
CREATE INDEX conversations_newest_first ON conversations (updated_ms DESC, id DESC)
    WHERE deleted_ms IS NULL;
CREATE INDEX messages_by_parent ON messages (conversation_id, parent_id);
CREATE INDEX messages_being_written ON messages (state) WHERE state = 'partial';
)sql");
}

// What is typed and not sent: of conversation 0, the one that is not stored yet, too, so there is
// no reference; hence the trigger.
Result<void> createDrafts(Database& database) {
    return database.runScript(R"sql(
CREATE TABLE drafts (
    conversation_id INTEGER PRIMARY KEY,
    text TEXT NOT NULL,
    edited_message INTEGER NOT NULL,
    edit_text TEXT NOT NULL
) STRICT;
CREATE TRIGGER drafts_go_with_conversations AFTER DELETE ON conversations BEGIN
    DELETE FROM drafts WHERE conversation_id = OLD.id;
END;
)sql");
}

constexpr std::array kMigrations = {
    Migration{1, createConversationsAndMessages},
    Migration{2, createDrafts},
};

constexpr bool countFromOne(std::span<const Migration> migrations) {
    int version = 0;
    for (const Migration& migration : migrations) {
        if (migration.version != ++version) {
            return false;
        }
    }
    return true;
}
static_assert(countFromOne(kMigrations), "migrations are numbered 1, 2, 3 without duplicates");

Result<void> checkForeignKeys(Database& database) {
    Result<qint64> violations = database.number("SELECT count(*) FROM pragma_foreign_key_check");
    if (!violations) {
        return violations.error();
    }
    if (*violations > 0) {
        return Error{ErrorCode::fileCorrupt,
                     database.fileName() + ": " + std::to_string(*violations) +
                         " rows refer to rows that are not there, so it cannot be updated."};
    }
    return {};
}

Result<void> applyOne(Database& database, const Migration& migration) {
    Result<Transaction> transaction = Transaction::begin(database);
    if (!transaction) {
        return transaction.error();
    }
    // Read again inside the transaction: another process may have been faster.
    Result<int> version = schemaVersion(database);
    if (!version || *version >= migration.version) {
        return version ? Result<void>() : version.error();
    }
    if (Result<void> applied = migration.apply(database); !applied) {
        return applied;
    }
    if (Result<void> checked = checkForeignKeys(database); !checked) {
        return checked;
    }
    const std::string sql = "PRAGMA user_version = " + std::to_string(migration.version);
    if (Result<void> numbered = database.run(sql.c_str()); !numbered) {
        return numbered;
    }
    return transaction->commit();
}

Result<void> keepCopy(Database& database, int version) {
    const QFileInfo file(database.path());
    const QString copy = QStringLiteral("%1/%2.version-%3.sqlite")
                             .arg(file.path(), file.completeBaseName(), QString::number(version));
    // A copy that is there was made by an update that failed later: of the same content or older.
    QFile::remove(copy);
    return database.copyTo(copy);
}

}  // namespace

std::span<const Migration> historyMigrations() {
    return kMigrations;
}

Result<int> schemaVersion(Database& database) {
    Result<qint64> version = database.number("PRAGMA user_version");
    if (!version) {
        return version.error();
    }
    return static_cast<int>(*version);
}

Result<void> migrate(Database& database, std::span<const Migration> migrations) {
    Result<int> version = schemaVersion(database);
    if (!version) {
        return version.error();
    }
    const bool upToDate = migrations.empty() || *version >= migrations.back().version;
    if (upToDate) {
        return {};
    }
    if (*version > 0) {
        if (Result<void> copied = keepCopy(database, *version); !copied) {
            return copied;
        }
    }
    // Has no effect inside a transaction, hence out here.
    if (Result<void> off = database.run("PRAGMA foreign_keys = OFF"); !off) {
        return off;
    }
    Result<void> done;
    for (const Migration& migration : migrations) {
        done = applyOne(database, migration);
        if (!done) {
            break;
        }
    }
    Result<void> on = database.run("PRAGMA foreign_keys = ON");
    return done ? on : done;
}

}  // namespace apertura
