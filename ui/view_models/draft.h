// What is being typed, one draft per conversation, with its length in tokens. While a message is
// edited, its text takes the draft's place and the draft comes back afterwards. Both are kept while
// another conversation is open, and when the program ends.
#pragma once

#include <QHash>
#include <QObject>
#include <QString>
#include <QTimer>
#include <QtQml/qqmlregistration.h>

#include "app/conversation/chat_service.h"

namespace apertura {

class Draft : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to the chat")
    Q_PROPERTY(QString text READ text WRITE setText NOTIFY textChanged)
    Q_PROPERTY(QString tokens READ tokens NOTIFY tokensChanged)  // "Tokens: 12"; empty = unknown
    Q_PROPERTY(bool editing READ isEditing NOTIFY editingChanged)
    Q_PROPERTY(bool sendable READ isSendable NOTIFY sendableChanged)

public:
    // Threads: the UI thread. `service` outlives this.
    explicit Draft(ChatService& service, QObject* parent = nullptr);

    QString text() const { return m_text; }
    void setText(const QString& text);
    QString tokens() const;
    bool isEditing() const { return m_edit.message != 0; }
    bool isSendable() const;

    // Sends what is typed: a new message, or the edited one's new version.
    Q_INVOKABLE void send();
    Q_INVOKABLE void beginEditing(qint64 messageId, const QString& text);
    Q_INVOKABLE void cancelEditing();

Q_SIGNALS:
    void textChanged();
    void tokensChanged();
    void editingChanged();
    void sendableChanged();

private:
    struct Edit {
        qint64 message = 0;  // 0 = none
        QString textBefore;  // the draft that comes back
    };
    // What stands in the composer, and the edit that it belongs to.
    struct Kept {
        QString text;
        Edit edit;
    };

    void restore(const QVector<DraftRecord>& drafts);
    void keep();
    void takeStored(qint64 id);
    void show(const QString& text);
    void switchConversation();
    void takeBack(const QString& text);
    void countTokens();
    void endEditing();

    ChatService& m_service;
    QString m_text;
    QHash<qint64, Kept> m_kept;  // of the conversations that are not open
    qint64 m_conversation = 0;
    Edit m_edit;
    qint64 m_tokenCount = -1;
    QTimer m_countTimer;
};

}  // namespace apertura
