#include "app/settings/portal_setting.h"

#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>

namespace apertura {

namespace {

const QString kService = QStringLiteral("org.freedesktop.portal.Desktop");
const QString kPath = QStringLiteral("/org/freedesktop/portal/desktop");
const QString kInterface = QStringLiteral("org.freedesktop.portal.Settings");

}  // namespace

PortalSetting::PortalSetting(const QDBusConnection& bus, const QString& group, const QString& key,
                             QObject* parent)
    : QObject(parent), m_group(group), m_key(key) {
    if (!bus.isConnected()) {
        return;
    }
    QDBusConnection connection = bus;
    connection.connect(kService, kPath, kInterface, QStringLiteral("SettingChanged"), this,
                       SLOT(settingChanged(QString, QString, QDBusVariant)));
    QDBusMessage question =
        QDBusMessage::createMethodCall(kService, kPath, kInterface, QStringLiteral("Read"));
    question << m_group << m_key;
    auto* watcher = new QDBusPendingCallWatcher(connection.asyncCall(question), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
        const QDBusPendingReply<QDBusVariant> reply = *watcher;
        if (reply.isValid()) {
            take(reply.value().variant());
        }
        watcher->deleteLater();
    });
}

void PortalSetting::settingChanged(const QString& group, const QString& key,
                                   const QDBusVariant& value) {
    if (group == m_group && key == m_key) {
        take(value.variant());
    }
}

// Read wraps its value in a variant once more than SettingChanged does.
void PortalSetting::take(const QVariant& value) {
    Q_EMIT told(value.canConvert<QDBusVariant>() ? qvariant_cast<QDBusVariant>(value).variant()
                                                 : value);
}

}  // namespace apertura
