// Whether the desktop prefers dark windows, from the settings portal over D-Bus. Qt 6.4 does not
// say.
#pragma once

#include <optional>

#include "app/settings/portal_setting.h"

namespace apertura {

// Threads: the UI thread only. Never waits: the answer of the portal comes with changed().
class SystemColourScheme : public QObject {
    Q_OBJECT

public:
    // Asks the portal on `bus`; without a portal there, nothing is ever known.
    explicit SystemColourScheme(const QDBusConnection& bus, QObject* parent = nullptr);

    // Nothing where the desktop has no preference, or has not said yet.
    std::optional<bool> isDark() const { return m_isDark; }

Q_SIGNALS:
    void changed();

private:
    void take(const QVariant& value);

    PortalSetting m_setting;
    std::optional<bool> m_isDark;
};

}  // namespace apertura
