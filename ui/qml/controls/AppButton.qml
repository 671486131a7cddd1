import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// A button with words, and an icon where one is named.
Button {
    id: root

    property string iconName: ""
    property bool primary: false
    readonly property color ink: root.primary ? Theme.accentText : Theme.text

    implicitHeight: Math.max(Theme.controlHeight, implicitContentHeight + topPadding + bottomPadding)
    horizontalPadding: Theme.space3
    verticalPadding: Theme.space1
    spacing: Theme.space2
    font.pixelSize: Theme.textSize
    opacity: root.enabled ? 1 : Theme.disabledOpacity
    Accessible.name: root.text

    contentItem: RowLayout {
        spacing: 0

        Item { Layout.fillWidth: true }
        AppIcon {
            visible: root.iconName.length > 0
            name: root.iconName
            tint: root.ink
            Layout.rightMargin: root.text.length > 0 ? root.spacing : 0
        }
        AppLabel {
            text: root.text
            color: root.ink
        }
        Item { Layout.fillWidth: true }
    }
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
