pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// A choice among a few words, all of them visible.
ColumnLayout {
    id: root

    required property list<string> options
    required property int current

    signal chosen(int index)

    spacing: 0

    Repeater {
        model: root.options

        AbstractButton {
            id: option

            required property string modelData
            required property int index

            Layout.fillWidth: true
            implicitHeight: Theme.controlHeight
            text: option.modelData
            Accessible.role: Accessible.RadioButton
            Accessible.name: option.text
            Accessible.checked: option.index === root.current
            onClicked: root.chosen(option.index)

            contentItem: RowLayout {
                spacing: Theme.space2

                Rectangle {
                    implicitWidth: Theme.iconSize
                    implicitHeight: Theme.iconSize
                    radius: width / 2
                    color: "transparent"
                    border.color: option.index === root.current ? Theme.accent : Theme.control
                    border.width: option.index === root.current ? 5 : Theme.hairline
                }
                AppLabel {
                    Layout.fillWidth: true
                    text: option.text
                }
            }
            background: Rectangle {
                radius: Theme.radius
                color: option.hovered ? Theme.hover : "transparent"

                FocusRing {
                    shown: option.visualFocus
                    anchors.margins: 0
                }
            }
        }
    }
}
