// Where the application keeps everything that it writes.
#pragma once

#include <QString>

#include "inference/status.h"

namespace apertura {

// `override` where it is not empty (main.cpp passes APERTURA_DATA_DIR), else the desktop's folder
// for application data, "~/.local/share/apertura". Makes it where it is missing. It is for its
// owner only (mode 0700), but for an `override` that was there with something in it: its access
// stays as it is. Returns its absolute path.
// Errors: storageFull, storageFailed (cannot be made, is no folder, cannot be written in).
Result<QString> prepareDataFolder(const QString& override);

}  // namespace apertura
