#include "app/settings/model_library.h"

#include <algorithm>

#include <QDir>
#include <QFile>
#include <QFileInfo>

#include "app/settings/checkpoint_summary.h"
#include "app/settings/settings.h"
#include "inference/model/loaded_model.h"

namespace apertura {
namespace {

// The variant that a first start loads: it shows the most of what Apertura is for.
constexpr const char* kPreferredDemo = "gptq-mixed-eora";

std::filesystem::path toPath(const QString& directory) {
    return std::filesystem::path(QFile::encodeName(directory).toStdString());
}

QString absolute(const QString& directory) {
    return QDir::cleanPath(QFileInfo(directory).absoluteFilePath());
}

bool sameFolder(const QString& one, const QString& other) {
    const QString canonical = QFileInfo(one).canonicalFilePath();
    return absolute(one) == absolute(other) ||
           (!canonical.isEmpty() && canonical == QFileInfo(other).canonicalFilePath());
}

// The folder itself; of a repository in a hub cache, its newest snapshot.
QString checkpointIn(const QString& directory) {
    const QDir snapshots(directory + QStringLiteral("/snapshots"));
    if (QFile::exists(directory + QStringLiteral("/config.json")) || !snapshots.exists()) {
        return directory;
    }
    const QStringList newestFirst =
        snapshots.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Time);
    return newestFirst.isEmpty() ? directory : snapshots.filePath(newestFirst.first());
}

ModelEntry describe(const QString& directory) {
    ModelEntry entry;
    entry.path = directory;
    entry.name = QString::fromStdString(modelName(toPath(directory)));
    if (!QFileInfo(directory).isDir()) {
        entry.problem =
            QStringLiteral("%1: the folder is not there.").arg(QDir::toNativeSeparators(directory));
        return entry;
    }
    const Result<CheckpointSummary> summary = summarizeCheckpoint(toPath(directory));
    if (!summary) {
        entry.problem = QString::fromStdString(summary.error().message);
        return entry;
    }
    entry.precision = QString::fromStdString(summary->precision);
    entry.bytes = summary->weightBytes;
    return entry;
}

QVector<ModelEntry> demoEntries(const QString& demoFolder) {
    QVector<ModelEntry> entries;
    const QDir folder(demoFolder);
    if (demoFolder.isEmpty() || !folder.exists()) {
        return entries;
    }
    for (const QString& variant : folder.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
        if (!QFile::exists(folder.filePath(variant + QStringLiteral("/config.json")))) {
            continue;
        }
        ModelEntry entry = describe(absolute(folder.filePath(variant)));
        entry.name = QStringLiteral("Apertura demo");
        entry.isDemo = true;
        entries.append(entry);
    }
    return entries;
}

}  // namespace

ModelLibrary::ModelLibrary(const QString& demoFolder, Settings& settings, QObject* parent)
    : QObject(parent), m_demoFolder(demoFolder), m_settings(settings) {
    refresh();
}

QVector<ModelEntry> ModelLibrary::entries() const {
    return m_entries;
}

QString ModelLibrary::preferredModel() const {
    QString firstUsable;
    for (const ModelEntry& entry : m_entries) {
        if (!entry.problem.isEmpty()) {
            continue;
        }
        if (entry.isDemo && QFileInfo(entry.path).fileName() == QLatin1String(kPreferredDemo)) {
            return entry.path;
        }
        if (firstUsable.isEmpty()) {
            firstUsable = entry.path;
        }
    }
    return firstUsable;
}

QString ModelLibrary::startModel() const {
    const QString last = m_settings.lastModel();
    for (const ModelEntry& entry : m_entries) {
        if (sameFolder(entry.path, last) && QFileInfo(last).isDir()) {
            return entry.path;
        }
    }
    return preferredModel();
}

Result<QString> ModelLibrary::addFolder(const QString& directory) {
    const QString folder = checkpointIn(absolute(directory));
    for (const ModelEntry& entry : std::as_const(m_entries)) {
        if (sameFolder(entry.path, folder)) {
            return entry.path;
        }
    }
    if (!QFileInfo(folder).isDir()) {
        return Error{ErrorCode::fileMissing, folder.toStdString() + ": the folder is not there."};
    }
    const Result<CheckpointSummary> summary = summarizeCheckpoint(toPath(folder));
    if (!summary) {
        return summary.error();
    }
    m_settings.setModelFolders(m_settings.modelFolders() + QStringList{folder});
    refresh();
    Q_EMIT changed();
    return folder;
}

void ModelLibrary::removeFolder(const QString& directory) {
    QStringList folders = m_settings.modelFolders();
    if (folders.removeIf([&](const QString& folder) { return sameFolder(folder, directory); }) ==
        0) {
        return;
    }
    m_settings.setModelFolders(folders);
    refresh();
    Q_EMIT changed();
}

void ModelLibrary::refresh() {
    m_entries = demoEntries(m_demoFolder);
    for (const QString& folder : m_settings.modelFolders()) {
        m_entries.append(describe(folder));
    }
}

}  // namespace apertura
