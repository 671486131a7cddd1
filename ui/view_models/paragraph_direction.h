// Lays out what is being typed as it will read once it is sent: each paragraph of a text field by
// the majority of its strong characters, code from left to right. A TextEdit by itself takes one
// direction for all of its text, that of the first strong character.
#pragma once

#include <QPointer>
#include <QQuickItem>
#include <QTextBlock>
#include <QVector>
#include <QtQml/qqmlregistration.h>

class QTextDocument;

namespace apertura {

// The characters stay as they are: the direction is a format of the paragraph. A change of
// direction is undone and redone together with the edit that made it. Nothing changes while an
// input method is composing.
class ParagraphDirection : public QObject {
    Q_OBJECT
    QML_ELEMENT
    // A TextEdit of plain text.
    Q_PROPERTY(QQuickItem* field READ field WRITE setField NOTIFY fieldChanged)

public:
    using QObject::QObject;

    QQuickItem* field() const { return m_field; }
    void setField(QQuickItem* field);

Q_SIGNALS:
    void fieldChanged();

private:
    struct Change {
        QTextBlock block;
        Qt::LayoutDirection direction = Qt::LayoutDirectionAuto;
    };

    void update();
    void goOn(const char* step);
    QVector<Change> pendingChanges() const;
    void apply(const QVector<Change>& changes);

    QPointer<QQuickItem> m_field;
    QPointer<QTextDocument> m_text;
    int m_undoSteps = 0;  // when it was last looked at
    bool m_isApplying = false;
};

}  // namespace apertura
