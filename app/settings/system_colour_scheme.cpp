#include "app/settings/system_colour_scheme.h"

namespace apertura {

namespace {

// Values of color-scheme; 0 is "no preference".
constexpr uint kPrefersDark = 1;
constexpr uint kPrefersLight = 2;

}  // namespace

SystemColourScheme::SystemColourScheme(const QDBusConnection& bus, QObject* parent)
    : QObject(parent),
      m_setting(bus, QStringLiteral("org.freedesktop.appearance"), QStringLiteral("color-scheme")) {
    connect(&m_setting, &PortalSetting::told, this, &SystemColourScheme::take);
}

void SystemColourScheme::take(const QVariant& value) {
    const uint preference = value.toUInt();
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
