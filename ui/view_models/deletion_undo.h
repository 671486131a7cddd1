// A deleted conversation can be brought back for about ten seconds.
#pragma once

#include <QObject>
#include <QString>
#include <QTimer>
#include <QtQml/qqmlregistration.h>

#include "app/conversation/chat_service.h"

namespace apertura {

class DeletionUndo : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to the chat")
    Q_PROPERTY(bool offered READ isOffered NOTIFY changed)
    Q_PROPERTY(QString title READ title NOTIFY changed)  // of what was deleted, with its direction

public:
    // Threads: the UI thread. `service` outlives this.
    explicit DeletionUndo(ChatService& service, QObject* parent = nullptr);

    bool isOffered() const { return m_id != 0; }
    QString title() const { return m_title; }

    Q_INVOKABLE void undo();
    Q_INVOKABLE void dismiss();

Q_SIGNALS:
    void changed();

private:
    void offer(qint64 id, const QString& title);

    ChatService& m_service;
    qint64 m_id = 0;
    QString m_title;
    QTimer m_timer;
};

}  // namespace apertura
