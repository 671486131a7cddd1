// The shape of the history database over the versions of the program.
#pragma once

#include <span>

#include "app/history/sqlite_database.h"

namespace apertura {

// Brings a database from the version before to `version`. Foreign keys are not enforced while it
// runs, so that tables can be rebuilt; they are checked before it is committed.
struct Migration {
    int version = 0;  // kept in PRAGMA user_version
    Result<void> (*apply)(Database& database) = nullptr;
};

// Oldest first, without gaps from 1 on. Append only: a released migration is never edited.
std::span<const Migration> historyMigrations();

// The version that `database` has; 0 is an empty one.
Result<int> schemaVersion(Database& database);

// Applies every migration that is newer than the database, each in a transaction of its own. An
// existing database is copied first, to <name>.version-<old>.sqlite beside it. Errors: as Database;
// the database then has the version of the last migration that was committed.
Result<void> migrate(Database& database, std::span<const Migration> migrations);

}  // namespace apertura
