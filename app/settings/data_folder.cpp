#include "app/settings/data_folder.h"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

#include <QDir>
#include <QFileInfo>
#include <QStandardPaths>

namespace apertura {
namespace {

constexpr mode_t kOwnerOnly = S_IRWXU;

QString chooseFolder(const QString& override) {
    if (!override.isEmpty()) {
        return QDir::cleanPath(QDir(override).absolutePath());
    }
    return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation) +
           QStringLiteral("/apertura");
}

Error failure(const QString& folder, int systemError) {
    const bool full = systemError == ENOSPC || systemError == EDQUOT;
    return {full ? ErrorCode::storageFull : ErrorCode::storageFailed,
            folder.toStdString() + ": the folder for Apertura's data cannot be used (" +
                std::strerror(systemError) + ")."};
}

// A folder that the user named may hold other things, which their access is left to.
bool mayTighten(const QString& folder, const QString& override) {
    return override.isEmpty() || QDir(folder).isEmpty(QDir::AllEntries | QDir::Hidden |
                                                      QDir::System | QDir::NoDotAndDotDot);
}

}  // namespace

Result<QString> prepareDataFolder(const QString& override) {
    const QString folder = chooseFolder(override);
    const QByteArray path = QFile::encodeName(folder);
    QDir().mkpath(QFileInfo(folder).path());
    if (mkdir(path.constData(), kOwnerOnly) != 0 && errno != EEXIST) {
        return failure(folder, errno);
    }
    if (!QFileInfo(folder).isDir()) {
        return failure(folder, ENOTDIR);
    }
    if (mayTighten(folder, override) && chmod(path.constData(), kOwnerOnly) != 0) {
        return failure(folder, errno);
    }
    if (access(path.constData(), R_OK | W_OK | X_OK) != 0) {
        return failure(folder, errno);
    }
    return folder;
}

}  // namespace apertura
