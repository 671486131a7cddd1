#include "ui/view_models/theme_state.h"

#include <algorithm>

#include <QEvent>
#include <QFontDatabase>
#include <QFontInfo>
#include <QGuiApplication>
#include <QPalette>

namespace apertura {

ThemeState::ThemeState(Settings& settings, QObject* parent)
    : QObject(parent), m_settings(settings) {
    connect(&settings, &Settings::colourSchemeChanged, this, &ThemeState::changed);
    connect(&settings, &Settings::textScaleChanged, this, &ThemeState::changed);
    QCoreApplication::instance()->installEventFilter(this);
}

bool ThemeState::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() == QEvent::ApplicationPaletteChange) {
        Q_EMIT changed();
    }
    return QObject::eventFilter(watched, event);
}

bool ThemeState::isDark() const {
    switch (m_settings.colourScheme()) {
        case ColourScheme::light:
            return false;
        case ColourScheme::dark:
            return true;
        case ColourScheme::system:
            break;
    }
    const QPalette palette = QGuiApplication::palette();
    return palette.color(QPalette::Window).lightness() <
           palette.color(QPalette::WindowText).lightness();
}

ThemeState::Scheme ThemeState::scheme() const {
    return static_cast<Scheme>(m_settings.colourScheme());
}

void ThemeState::setScheme(Scheme scheme) {
    m_settings.setColourScheme(static_cast<ColourScheme>(scheme));
}

void ThemeState::setReducedMotion(bool reduced) {
    if (m_isReducedMotion != reduced) {
        m_isReducedMotion = reduced;
        Q_EMIT changed();
    }
}

qreal ThemeState::textScale() const {
    return m_settings.textScalePercent() / 100.0;
}

qreal ThemeState::systemTextSize() const {
    return std::max(QFontInfo(QGuiApplication::font()).pixelSize(), 13);
}

QString ThemeState::codeFamily() const {
    return QFontDatabase::systemFont(QFontDatabase::FixedFont).family();
}

bool ThemeState::isRightToLeft() const {
    return QGuiApplication::layoutDirection() == Qt::RightToLeft;
}

void ThemeState::changeTextScale(int steps) {
    m_settings.setTextScalePercent(std::clamp(m_settings.textScalePercent() + steps * 10, 80, 200));
}

void ThemeState::resetTextScale() {
    m_settings.setTextScalePercent(100);
}

}  // namespace apertura
