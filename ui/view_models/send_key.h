// The keys that send what is typed: Enter (also on the number pad), or Ctrl+Enter by choice. Never
// while an input method is composing: there Enter takes the candidate. Shift+Enter begins a
// paragraph, which has a direction of its own.
#pragma once

#include <QPointer>
#include <QQuickItem>
#include <QtQml/qqmlregistration.h>

namespace apertura {

class SendKey : public QObject {
    Q_OBJECT
    QML_ELEMENT
    // The text field it listens to; must have `inputMethodComposing`.
    Q_PROPERTY(QQuickItem* field READ field WRITE setField NOTIFY fieldChanged)
    // true: Enter breaks the line, Ctrl+Enter sends. false: Enter sends, Shift+Enter breaks.
    Q_PROPERTY(bool needsCtrl MEMBER m_needsCtrl NOTIFY needsCtrlChanged)

public:
    using QObject::QObject;

    QQuickItem* field() const { return m_field; }
    void setField(QQuickItem* field);
    bool eventFilter(QObject* watched, QEvent* event) override;

Q_SIGNALS:
    void fieldChanged();
    void needsCtrlChanged();
    void pressed();

private:
    QPointer<QQuickItem> m_field;
    bool m_needsCtrl = false;
};

}  // namespace apertura
