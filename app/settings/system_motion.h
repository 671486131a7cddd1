// Whether the desktop wants things to move, from the settings portal over D-Bus. Qt 6.4 does not
// say.
#pragma once

#include "app/settings/portal_setting.h"

namespace apertura {

// Threads: the UI thread only. Never waits: the answer of the portal comes with changed().
class SystemMotion : public QObject {
    Q_OBJECT

public:
    // Asks the portal on `bus`; without a portal there, motion is not reduced.
    explicit SystemMotion(const QDBusConnection& bus, QObject* parent = nullptr);

    // Where the desktop wants less motion, or wants no animations.
    bool isReduced() const { return m_wantsLess || m_wantsNone; }

Q_SIGNALS:
    void changed();

private:
    void set(bool& wish, bool value);

    PortalSetting m_reducedMotion;  // of newer portals
    PortalSetting m_animations;     // GNOME's own, which its portal passes on
    bool m_wantsLess = false;
    bool m_wantsNone = false;
};

}  // namespace apertura
