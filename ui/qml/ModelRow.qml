import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// One model to pick: name, precision, size, or why it cannot be used.
ItemDelegate {
    id: root

    required property string path
    required property string name
    required property string displayName
    required property string precision
    required property string size
    required property string problem
    required property bool demo
    required property bool current

    signal chosen(string path)
    signal removed(string path)

    objectName: "modelRow"
    text: root.name
    leftPadding: Theme.space2
    rightPadding: Theme.space2
    topPadding: Theme.space1
    bottomPadding: Theme.space1
    Accessible.role: Accessible.RadioButton
    Accessible.name: root.name + ", " + root.precision
    Accessible.checked: root.current
    onClicked: root.chosen(root.path)

    contentItem: RowLayout {
        spacing: Theme.space2

        ColumnLayout {
            Layout.fillWidth: true
            spacing: 0

            AppLabel {
                Layout.fillWidth: true
                text: root.displayName
                font.weight: root.current ? Font.DemiBold : Font.Normal
            }
            AppLabel {
                Layout.fillWidth: true
                text: root.problem.length > 0 ? root.problem : root.precision + "  ·  " + root.size
                color: root.problem.length > 0 ? Theme.error : Theme.secondary
                font.pixelSize: Theme.smallSize
                wrapMode: root.problem.length > 0 ? Text.Wrap : Text.NoWrap
                elide: root.problem.length > 0 ? Text.ElideNone : Text.ElideRight
            }
        }
        AppIcon {
            visible: root.current
            name: "check"
            tint: Theme.accent
        }
        IconButton {
            visible: !root.demo && (root.hovered || root.visualFocus || activeFocus)
            iconName: "close"
            text: qsTr("Forget this folder; nothing on disk changes")
            onClicked: root.removed(root.path)
        }
    }
    background: Rectangle {
        radius: Theme.radius
        color: root.current ? Theme.selection : root.hovered ? Theme.hover : "transparent"

        FocusRing {
            shown: root.visualFocus
            anchors.margins: 0
        }
    }

    AppToolTip {
        visible: root.hovered
        text: root.path
    }
}
