// The checkpoints that the window offers: the demo variants that come with the program and the
// folders that the user has added.
#pragma once

#include <QObject>
#include <QString>
#include <QVector>

#include "inference/status.h"

namespace apertura {

class Settings;

struct ModelEntry {
    QString path;
    QString name;       // for a person
    QString precision;  // "BF16", "GPTQ 4/8-bit + EoRA", "SINQ 4-bit": read from the configs,
                        // without loading
    qint64 bytes = 0;   // of the weight files
    bool isDemo = false;
    QString problem;  // one sentence where it cannot be used (folder gone, no weights); else empty
};

// Threads: the UI thread only. Reads folder listings and small JSON files, never weights.
class ModelLibrary : public QObject {
    Q_OBJECT

public:
    // `demoFolder` holds one folder per demo variant; it need not exist.
    ModelLibrary(const QString& demoFolder, Settings& settings, QObject* parent = nullptr);

    QVector<ModelEntry> entries() const;  // demo variants first
    // What a first start loads: the mixed GPTQ demo, else the first usable entry; empty if there is
    // none.
    QString preferredModel() const;
    // What a start loads: the model that was loaded last, unless its folder has gone or was removed
    // from the library; else the preferred one.
    QString startModel() const;
    // Returns the folder to load: of a repository in a hub cache its newest snapshot. Errors:
    // fileMissing, fileCorrupt, unsupported (no checkpoint there): the sentence says what is
    // missing. A folder that is there already is no error.
    Result<QString> addFolder(const QString& directory);
    void removeFolder(const QString& directory);  // forgets it; nothing on disk changes

Q_SIGNALS:
    void changed();

private:
    void refresh();

    QString m_demoFolder;
    Settings& m_settings;
    QVector<ModelEntry> m_entries;
};

}  // namespace apertura
