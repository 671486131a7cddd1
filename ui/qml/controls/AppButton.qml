import QtQuick
import QtQuick.Controls.Basic
import Apertura

// A button with words, and an icon where one is named.
Button {
    id: root

    property string iconName: ""
    property bool primary: false

    implicitHeight: Math.max(Theme.controlHeight, implicitContentHeight + topPadding + bottomPadding)
    horizontalPadding: Theme.space3
    verticalPadding: Theme.space1
    spacing: Theme.space2
    font.pixelSize: Theme.textSize
    icon.source: root.iconName.length > 0 ? "qrc:/qt/qml/Apertura/icons/" + root.iconName + ".svg" : ""
    icon.width: Theme.iconSize
    icon.height: Theme.iconSize
    icon.color: root.primary ? Theme.onAccent : Theme.text
    palette.buttonText: root.primary ? Theme.onAccent : Theme.text
    palette.brightText: root.primary ? Theme.onAccent : Theme.text
    opacity: root.enabled ? 1 : Theme.disabledOpacity
    Accessible.name: root.text

    background: Rectangle {
        radius: Theme.radius
        color: root.primary ? Theme.accent : Theme.raised
        border.color: root.primary ? "transparent" : Theme.control
        border.width: Theme.hairline

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
