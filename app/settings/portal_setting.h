// One setting of the desktop, from the settings portal over D-Bus.
#pragma once

#include <QDBusConnection>
#include <QDBusVariant>
#include <QObject>
#include <QString>
#include <QVariant>

namespace apertura {

// Threads: the UI thread only. Never waits: what the portal answers, and every later change, comes
// with told().
class PortalSetting : public QObject {
    Q_OBJECT

public:
    // Asks the portal on `bus`. Without a portal there, or where it does not know the key, nothing
    // is ever told.
    PortalSetting(const QDBusConnection& bus, const QString& group, const QString& key,
                  QObject* parent = nullptr);

Q_SIGNALS:
    void told(const QVariant& value);

private Q_SLOTS:
    void settingChanged(const QString& group, const QString& key, const QDBusVariant& value);

private:
    void take(const QVariant& value);

    const QString m_group;
    const QString m_key;
};

}  // namespace apertura
