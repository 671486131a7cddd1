import QtQuick
import QtQuick.Controls.Basic
import Apertura

// A small button with an icon; `text` names it for the tooltip and for screen readers.
Button {
    id: root

    required property string iconName
    property string shortcutText: ""
    property color iconColor: Theme.secondary

    implicitWidth: Theme.controlHeight
    implicitHeight: Theme.controlHeight
    display: AbstractButton.IconOnly
    padding: 0
    icon.source: "qrc:/qt/qml/Apertura/icons/" + root.iconName + ".svg"
    icon.width: Theme.iconSize
    icon.height: Theme.iconSize
    icon.color: root.hovered || root.visualFocus ? Theme.text : root.iconColor
    opacity: root.enabled ? 1 : Theme.disabledOpacity
    Accessible.name: root.text

    background: Rectangle {
        radius: Theme.radius
        color: root.down ? Theme.pressed : root.hovered ? Theme.hover : "transparent"

        FocusRing {
            shown: root.visualFocus
            anchors.margins: 0
        }
    }

    AppToolTip {
        visible: root.hovered && root.text.length > 0
        text: root.shortcutText.length > 0 ? root.text + "  " + root.shortcutText : root.text
    }
}
