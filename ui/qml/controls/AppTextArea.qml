import QtQuick
import QtQuick.Controls.Basic
import Apertura

TextArea {
    id: root

    readonly property ParagraphDirection paragraphs: ParagraphDirection {
        field: root
    }

    leftPadding: Theme.space2
    rightPadding: Theme.space2
    topPadding: Theme.space2
    bottomPadding: Theme.space2
    textFormat: TextEdit.PlainText
    wrapMode: TextEdit.Wrap
    font.pixelSize: Theme.textSize
    color: Theme.text
    placeholderTextColor: Theme.secondary
    selectionColor: Theme.selection
    selectedTextColor: Theme.text
    selectByMouse: true
    KeyNavigation.priority: KeyNavigation.BeforeItem
    KeyNavigation.tab: root.nextItemInFocusChain(true)
    KeyNavigation.backtab: root.nextItemInFocusChain(false)
    background: Rectangle {
        radius: Theme.radius
        color: Theme.raised
        border.color: root.activeFocus ? Theme.accent : Theme.control
        border.width: root.activeFocus ? Theme.focusWidth : Theme.hairline
    }
}
