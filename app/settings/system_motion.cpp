#include "app/settings/system_motion.h"

namespace apertura {

namespace {

// Value of reduced-motion; 0 is "no preference".
constexpr uint kPrefersReduced = 1;

}  // namespace

SystemMotion::SystemMotion(const QDBusConnection& bus, QObject* parent)
    : QObject(parent),
      m_reducedMotion(bus, QStringLiteral("org.freedesktop.appearance"),
                      QStringLiteral("reduced-motion")),
      m_animations(bus, QStringLiteral("org.gnome.desktop.interface"),
                   QStringLiteral("enable-animations")) {
    connect(&m_reducedMotion, &PortalSetting::told, this,
            [this](const QVariant& value) { set(m_wantsLess, value.toUInt() == kPrefersReduced); });
    connect(&m_animations, &PortalSetting::told, this,
            [this](const QVariant& value) { set(m_wantsNone, !value.toBool()); });
}

void SystemMotion::set(bool& wish, bool value) {
    const bool before = isReduced();
    wish = value;
    if (isReduced() != before) {
        Q_EMIT changed();
    }
}

}  // namespace apertura
