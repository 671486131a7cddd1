// One running Apertura for each data folder.
#pragma once

#include <QFile>
#include <QLocalServer>
#include <QObject>
#include <QString>

#include "inference/status.h"

namespace apertura {

// Threads: the UI thread only.
class SingleInstance : public QObject {
    Q_OBJECT

public:
    // `dataFolder` exists; two paths to one folder are one.
    explicit SingleInstance(const QString& dataFolder, QObject* parent = nullptr);
    ~SingleInstance() override;

    // True: this process is the one, until the object ends. False: another one is, and was asked to
    // raise its window; this one should end. The lock ends with its process, however that ends.
    // Errors: storageFailed (the lock cannot be made).
    Result<bool> acquire();

Q_SIGNALS:
    void raiseRequested();  // another start wants this one's window in front

private:
    void listen();
    void askToRaise() const;

    QFile m_lockFile;
    QString m_socketName;
    QLocalServer m_server;
};

}  // namespace apertura
