#include "app/settings/single_instance.h"

#include <cerrno>
#include <cstring>
#include <sys/file.h>

#include <QCryptographicHash>
#include <QDir>
#include <QFileInfo>
#include <QLocalSocket>

namespace apertura {
namespace {

// How long a second start waits for the first one's answer. The first may be busy.
constexpr int kAnswerMs = 2000;
constexpr const char* kRaise = "raise\n";

// A socket's path may have 107 bytes, and QLocalServer makes it under a name 9 bytes longer.
constexpr qsizetype kSocketPathBytes = 98;

// In the data folder, or where its path is too long, in the folder for temporary files under its
// hash.
QString socketPath(const QString& dataFolder) {
    const QString folder = QFileInfo(dataFolder).canonicalFilePath();
    QString beside = folder + QStringLiteral("/apertura.socket");
    if (QFile::encodeName(beside).size() <= kSocketPathBytes) {
        return beside;
    }
    const QByteArray hash =
        QCryptographicHash::hash(folder.toUtf8(), QCryptographicHash::Sha256).toHex().left(32);
    return QDir::tempPath() + QStringLiteral("/apertura-") + QLatin1String(hash);
}

}  // namespace

SingleInstance::SingleInstance(const QString& dataFolder, QObject* parent)
    : QObject(parent),
      m_lockFile(dataFolder + QStringLiteral("/apertura.lock")),
      m_socketName(socketPath(dataFolder)) {
    connect(&m_server, &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket* caller = m_server.nextPendingConnection()) {
            connect(caller, &QLocalSocket::disconnected, caller, &QObject::deleteLater);
            caller->write(kRaise);
            caller->flush();
            Q_EMIT raiseRequested();
        }
    });
}

SingleInstance::~SingleInstance() = default;

Result<bool> SingleInstance::acquire() {
    const auto failure = [this](const std::string& reason) {
        return Error{ErrorCode::storageFailed, m_lockFile.fileName().toStdString() +
                                                   ": the file cannot be made (" + reason + ")."};
    };
    if (!m_lockFile.open(QIODevice::ReadWrite)) {
        return failure(m_lockFile.errorString().toStdString());
    }
    // The kernel's lock, not the file's existence: it cannot outlive the process, whatever becomes
    // of the host's name or of process ids.
    if (flock(m_lockFile.handle(), LOCK_EX | LOCK_NB) == 0) {
        listen();
        return true;
    }
    if (errno != EWOULDBLOCK) {
        return failure(std::strerror(errno));
    }
    m_lockFile.close();
    askToRaise();
    return false;
}

void SingleInstance::listen() {
    // Who holds the lock owns the socket's name; a file of that name is from a killed process.
    QLocalServer::removeServer(m_socketName);
    m_server.setSocketOptions(QLocalServer::UserAccessOption);
    // Without the socket a second start still ends; it only cannot raise this one.
    static_cast<void>(m_server.listen(m_socketName));
}

void SingleInstance::askToRaise() const {
    QLocalSocket socket;
    socket.connectToServer(m_socketName);
    // The answer says that it has arrived: a connection alone may wait in the queue for ever.
    if (socket.waitForConnected(kAnswerMs)) {
        static_cast<void>(socket.waitForReadyRead(kAnswerMs));
    }
}

}  // namespace apertura
