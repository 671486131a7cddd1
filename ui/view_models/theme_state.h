// Light or dark, how large text is, and whether things move: the user's choice, else what the
// system says.
#pragma once

#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

#include "app/settings/settings.h"

namespace apertura {

class ThemeState : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to the chat")
    Q_PROPERTY(bool dark READ isDark NOTIFY changed)
    Q_PROPERTY(Scheme scheme READ scheme WRITE setScheme NOTIFY changed)
    Q_PROPERTY(bool reducedMotion READ isReducedMotion NOTIFY changed)  // the desktop's wish
    Q_PROPERTY(qreal textScale READ textScale NOTIFY changed)           // 0.8 to 2
    Q_PROPERTY(qreal systemTextSize READ systemTextSize CONSTANT)       // in pixels
    Q_PROPERTY(QString codeFamily READ codeFamily CONSTANT)   // the system's monospace font
    Q_PROPERTY(bool rightToLeft READ isRightToLeft CONSTANT)  // the interface's language

public:
    enum Scheme { System, Light, Dark };
    Q_ENUM(Scheme)

    // Threads: the UI thread. `settings` outlives this.
    explicit ThemeState(Settings& settings, QObject* parent = nullptr);

    bool isDark() const;
    Scheme scheme() const;
    void setScheme(Scheme scheme);
    bool isReducedMotion() const { return m_isReducedMotion; }
    void setReducedMotion(bool reduced);
    qreal textScale() const;
    qreal systemTextSize() const;
    QString codeFamily() const;
    bool isRightToLeft() const;

    // Notices when the application's palette changes, which follows the desktop.
    bool eventFilter(QObject* watched, QEvent* event) override;

    Q_INVOKABLE void changeTextScale(int steps);  // of 10 %
    Q_INVOKABLE void resetTextScale();

Q_SIGNALS:
    void changed();

private:
    Settings& m_settings;
    bool m_isReducedMotion = false;
};

}  // namespace apertura
