#include "ui/view_models/send_key.h"

#include <QKeyEvent>

namespace apertura {

void SendKey::setField(QQuickItem* field) {
    if (m_field == field) {
        return;
    }
    if (m_field) {
        m_field->removeEventFilter(this);
    }
    m_field = field;
    if (m_field) {
        m_field->installEventFilter(this);
    }
    Q_EMIT fieldChanged();
}

bool SendKey::eventFilter(QObject* watched, QEvent* event) {
    if (event->type() != QEvent::KeyPress) {
        return QObject::eventFilter(watched, event);
    }
    const auto* key = static_cast<QKeyEvent*>(event);
    const bool isEnter = key->key() == Qt::Key_Return || key->key() == Qt::Key_Enter;
    const Qt::KeyboardModifiers modifiers = key->modifiers() & ~Qt::KeypadModifier;
    const bool sends =
        modifiers == Qt::ControlModifier || (modifiers == Qt::NoModifier && !m_needsCtrl);
    if (!isEnter || watched->property("inputMethodComposing").toBool()) {
        return QObject::eventFilter(watched, event);
    }
    if (modifiers == Qt::ShiftModifier) {
        // By itself the field would break the line inside its paragraph.
        QKeyEvent plain(QEvent::KeyPress, Qt::Key_Return, Qt::NoModifier, QStringLiteral("\r"));
        watched->event(&plain);
        return true;
    }
    if (!sends) {
        return QObject::eventFilter(watched, event);
    }
    if (!key->isAutoRepeat()) {
        Q_EMIT pressed();
    }
    return true;
}

}  // namespace apertura
