#include "ui/view_models/window_state.h"

#include <QGuiApplication>
#include <QScreen>

namespace apertura {
namespace {

constexpr QSize kDefaultSize(1280, 800);

}  // namespace

WindowState::WindowState(Settings& settings, QObject* parent)
    : QObject(parent), m_settings(settings) {
    connect(&settings, &Settings::changed, this, &WindowState::changed);
}

QRect WindowState::geometry() const {
    const QRect stored = m_settings.windowGeometry();
    const QScreen* primary = QGuiApplication::primaryScreen();
    if (!primary) {
        return stored.isEmpty() ? QRect(QPoint(), kDefaultSize) : stored;
    }
    // A screen that has gone would take the window with it.
    for (const QScreen* screen : QGuiApplication::screens()) {
        if (!stored.isEmpty() && screen->availableGeometry().intersects(stored)) {
            return stored;
        }
    }
    const QRect available = primary->availableGeometry();
    QRect fresh(QPoint(), kDefaultSize.boundedTo(available.size()));
    fresh.moveCenter(available.center());
    return fresh;
}

void WindowState::setLeftPanelOpen(bool open) {
    m_settings.setLeftPanelOpen(open);
    Q_EMIT changed();
}

void WindowState::setRightPanelOpen(bool open) {
    m_settings.setRightPanelOpen(open);
    Q_EMIT changed();
}

void WindowState::store(const QRect& geometry, bool maximized) {
    m_settings.setWindowMaximized(maximized);
    if (!maximized) {
        m_settings.setWindowGeometry(geometry);
    }
}

}  // namespace apertura
