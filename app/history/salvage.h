// The history's file as a whole: making it, and rescuing a damaged one into a fresh one.
#pragma once

#include <span>

#include <QString>

#include "app/history/migrations.h"

namespace apertura {

// An empty database at `path`, where there is no file: complete, or not there at all, so that a
// file that is empty or half made is always damage. Errors: as Database.
Result<void> createHistory(const QString& path, std::span<const Migration> migrations);

struct Salvaged {
    qint64 conversations = 0;
    qint64 messages = 0;
    QString keptAs;  // name of the damaged file, in the same folder
};

// `path` is afterwards a sound database with the rows that could be read; the damaged one is
// history.damaged-<yyyyMMdd-HHmmss>.sqlite beside it, with its write-ahead log. A message whose
// parent is lost hangs on the newest older message of its conversation; a conversation that is lost
// is made anew for its messages. Requires: nobody has it open. Errors: as Database; `path` is then
// as it was.
Result<Salvaged> salvageHistory(const QString& path, std::span<const Migration> migrations,
                                qint64 nowMs);

// Completes a salvage that a crash cut between its two renames. For every start, before opening.
Result<void> finishSalvage(const QString& path, qint64 nowMs);

}  // namespace apertura
