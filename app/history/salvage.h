// Rescues a damaged history: what can still be read goes into a fresh database, and the damaged
// file is kept.
#pragma once

#include <span>

#include <QString>

#include "app/history/migrations.h"

namespace apertura {

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
