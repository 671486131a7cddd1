import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// A part of the side panel that folds under its title.
ColumnLayout {
    id: root

    required property string title
    property string summary: "" // beside the title
    property bool open: true
    default property alias content: body.data

    spacing: 0

    AbstractButton {
        id: header

        Layout.fillWidth: true
        implicitHeight: Theme.controlHeight + Theme.space2
        leftPadding: Theme.space4
        rightPadding: Theme.space4
        text: root.title
        Accessible.name: root.title
        Accessible.role: Accessible.Button
        Accessible.checkable: true
        Accessible.checked: root.open
        onClicked: root.open = !root.open

        contentItem: RowLayout {
            spacing: Theme.space2

            AppLabel {
                text: root.title
                font.weight: Font.DemiBold
            }
            AppLabel {
                text: root.summary
                color: Theme.secondary
                font.pixelSize: Theme.smallSize
                horizontalAlignment: Text.AlignRight
                Layout.fillWidth: true
            }
            AppIcon {
                name: root.open ? "chevron-down" : header.mirrored ? "chevron-left" : "chevron-right"
            }
        }
        background: Rectangle {
            color: header.hovered ? Theme.hover : "transparent"

            FocusRing {
                shown: header.visualFocus
                anchors.margins: Theme.focusWidth
            }
        }
    }

    ColumnLayout {
        id: body

        visible: root.open
        spacing: Theme.space3
        Layout.fillWidth: true
        Layout.leftMargin: Theme.space4
        Layout.rightMargin: Theme.space4
        Layout.bottomMargin: Theme.space4
    }

    Rectangle {
        Layout.fillWidth: true
        implicitHeight: Theme.hairline
        color: Theme.border
    }
}
