// Where the window was and which panels were open, kept in the settings.
#pragma once

#include <QObject>
#include <QRect>
#include <QtQml/qqmlregistration.h>

#include "app/settings/settings.h"

namespace apertura {

class WindowState : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to the chat")
    // As stored, on a screen that is there; a fitting default on a first start.
    Q_PROPERTY(QRect geometry READ geometry CONSTANT)
    Q_PROPERTY(bool maximized READ isMaximized CONSTANT)
    Q_PROPERTY(bool leftPanelOpen READ isLeftPanelOpen WRITE setLeftPanelOpen NOTIFY changed)
    // Before the text's scale; held to the range that Settings allows.
    Q_PROPERTY(int leftPanelWidth READ leftPanelWidth WRITE setLeftPanelWidth NOTIFY changed)
    Q_PROPERTY(bool rightPanelOpen READ isRightPanelOpen WRITE setRightPanelOpen NOTIFY changed)
    Q_PROPERTY(bool ctrlEnterSends READ ctrlEnterSends NOTIFY changed)

public:
    // Threads: the UI thread. `settings` outlives this.
    explicit WindowState(Settings& settings, QObject* parent = nullptr);

    QRect geometry() const;
    bool isMaximized() const { return m_settings.windowMaximized(); }
    bool isLeftPanelOpen() const { return m_settings.leftPanelOpen(); }
    void setLeftPanelOpen(bool open);
    int leftPanelWidth() const { return m_settings.leftPanelWidth(); }
    void setLeftPanelWidth(int width) { m_settings.setLeftPanelWidth(width); }
    Q_INVOKABLE void resetLeftPanelWidth() { setLeftPanelWidth(Settings::kUsualLeftPanelWidth); }
    bool isRightPanelOpen() const { return m_settings.rightPanelOpen(); }
    void setRightPanelOpen(bool open);
    bool ctrlEnterSends() const { return m_settings.ctrlEnterSends(); }

    // A maximized window keeps the size it had before.
    void store(const QRect& geometry, bool maximized);

Q_SIGNALS:
    void changed();

private:
    Settings& m_settings;
};

}  // namespace apertura
