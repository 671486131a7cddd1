// The history in an SQLite database.
#pragma once

#include <functional>
#include <memory>
#include <span>

#include <QString>
#include <QStringList>

#include "app/history/history_store.h"
#include "app/history/migrations.h"

namespace apertura {

struct HistoryOptions {
    QString path;                   // its folder exists; kInMemory keeps nothing
    std::function<qint64()> nowMs;  // the clock; none = the system's
    std::span<const Migration> migrations = historyMigrations();
};

struct OpenedHistory {
    std::unique_ptr<HistoryStore> store;
    QStringList notices;  // sentences for the reader: what was damaged and rescued
};

// Opens or creates the database, updates an older one (migrate()), and salvages a damaged one
// (salvageHistory()), which is a notice and no error. Checks the structure of the whole file.
// Errors: unsupported (newer than the program: no byte of it changes), storageFull, storageFailed.
// Requires: no other process of this data folder (settings/single_instance.h).
// Threads: the store is for the calling thread.
Result<OpenedHistory> openHistory(const HistoryOptions& options);

}  // namespace apertura
