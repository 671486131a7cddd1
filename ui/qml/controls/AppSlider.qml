import QtQuick
import QtQuick.Controls.Basic
import Apertura

Slider {
    id: root

    implicitHeight: 20
    padding: 0
    background: Rectangle {
        x: root.leftPadding
        y: root.topPadding + (root.availableHeight - height) / 2
        width: root.availableWidth
        height: 4
        radius: height / 2
        color: Theme.border

        Rectangle {
            x: root.mirrored ? parent.width - width : 0
            width: root.position * parent.width
            height: parent.height
            radius: parent.radius
            color: Theme.control
        }
    }
    handle: Rectangle {
        x: root.leftPadding + root.visualPosition * (root.availableWidth - width)
        y: root.topPadding + (root.availableHeight - height) / 2
        width: 14
        height: width
        radius: width / 2
        color: Theme.raised
        border.color: root.pressed || root.hovered ? Theme.accent : Theme.control
        border.width: Theme.focusWidth

        FocusRing {
            shown: root.visualFocus
            radius: width / 2
        }
    }
}
