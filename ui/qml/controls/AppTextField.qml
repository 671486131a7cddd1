import QtQuick
import QtQuick.Controls.Basic
import Apertura

TextField {
    id: root

    property bool quiet: false // no outline until it is used

    implicitHeight: Theme.controlHeight
    leftPadding: Theme.space2
    rightPadding: Theme.space2
    verticalAlignment: TextInput.AlignVCenter
    font.pixelSize: Theme.textSize
    color: Theme.text
    placeholderTextColor: Theme.secondary
    selectionColor: Theme.selection
    selectedTextColor: Theme.text
    selectByMouse: true
    opacity: root.enabled ? 1 : Theme.disabledOpacity
    background: Rectangle {
        radius: Theme.radius
        color: root.quiet && !root.hovered && !root.activeFocus ? "transparent" : Theme.raised
        border.color: root.activeFocus ? Theme.accent : root.quiet && !root.hovered ? "transparent" : Theme.control
        border.width: root.activeFocus ? Theme.focusWidth : Theme.hairline
    }
}
