import QtQuick
import Apertura

// Send, and in the same place Stop while an answer is written.
IconButton {
    id: root

    required property bool answering
    required property bool sendable

    signal sendWanted
    signal stopWanted

    objectName: "sendButton"
    implicitWidth: Theme.sendSize
    implicitHeight: Theme.sendSize
    enabled: root.answering || root.sendable
    iconName: root.answering ? "stop" : "send"
    icon.color: Theme.accentText
    text: root.answering ? qsTr("Stop") : qsTr("Send")
    shortcutText: root.answering ? "Esc" : ""
    onClicked: root.answering ? root.stopWanted() : root.sendWanted()

    background: Rectangle {
        radius: Theme.cardRadius - Theme.space1
        color: Theme.accent

        Rectangle {
            anchors.fill: parent
            radius: parent.radius
            color: root.down ? Theme.pressed : root.hovered ? Theme.hover : "transparent"
        }
        FocusRing {
            shown: root.visualFocus
        }
    }
}
