// A link of an answer that was clicked: its address is shown first, and only web addresses open.
#pragma once

#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

namespace apertura {

class LinkRequest : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to the chat")
    Q_PROPERTY(bool pending READ isPending NOTIFY changed)
    Q_PROPERTY(QString address READ address NOTIFY changed)  // in full, punycode as it is

public:
    using QObject::QObject;

    bool isPending() const { return !m_address.isEmpty(); }
    QString address() const { return m_address; }

    // Anything but http and https is ignored.
    Q_INVOKABLE void ask(const QString& address);
    Q_INVOKABLE void open();  // in the system's browser
    Q_INVOKABLE void copy();
    Q_INVOKABLE void dismiss();

Q_SIGNALS:
    void changed();

private:
    QString m_address;
};

}  // namespace apertura
