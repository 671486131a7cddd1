#include "app/settings/system_colour_scheme.h"

#include <QDBusMessage>
#include <QDBusPendingReply>

namespace apertura {

namespace {

const QString kService = QStringLiteral("org.freedesktop.portal.Desktop");
const QString kPath = QStringLiteral("/org/freedesktop/portal/desktop");
const QString kInterface = QStringLiteral("org.freedesktop.portal.Settings");
const QString kGroup = QStringLiteral("org.freedesktop.appearance");
const QString kKey = QStringLiteral("color-scheme");

// Values of color-scheme; 0 is "no preference".
constexpr uint kPrefersDark = 1;
constexpr uint kPrefersLight = 2;

}  // namespace

SystemColourScheme::SystemColourScheme(const QDBusConnection& bus, QObject* parent)
    : QObject(parent) {
    if (!bus.isConnected()) {
        return;
    }
    QDBusConnection connection = bus;
    connection.connect(kService, kPath, kInterface, QStringLiteral("SettingChanged"), this,
                       SLOT(settingChanged(QString, QString, QDBusVariant)));
    QDBusMessage question =
        QDBusMessage::createMethodCall(kService, kPath, kInterface, QStringLiteral("Read"));
    question << kGroup << kKey;
    auto* watcher = new QDBusPendingCallWatcher(connection.asyncCall(question), this);
    connect(watcher, &QDBusPendingCallWatcher::finished, this, [this, watcher] {
        const QDBusPendingReply<QDBusVariant> reply = *watcher;
        if (reply.isValid()) {
            take(reply.value().variant());
        }
        watcher->deleteLater();
    });
}

void SystemColourScheme::settingChanged(const QString& group, const QString& key,
                                        const QDBusVariant& value) {
    if (group == kGroup && key == kKey) {
        take(value.variant());
    }
}

void SystemColourScheme::take(const QVariant& value) {
    // Read wraps its value in a variant once more than SettingChanged does.
    const QVariant inner =
        value.canConvert<QDBusVariant>() ? qvariant_cast<QDBusVariant>(value).variant() : value;
    const uint preference = inner.toUInt();
    std::optional<bool> isDark;
    if (preference == kPrefersDark || preference == kPrefersLight) {
        isDark = preference == kPrefersDark;
    }
    if (isDark != m_isDark) {
        m_isDark = isDark;
        Q_EMIT changed();
    }
}

}  // namespace apertura
