import QtQuick
import QtQuick.Controls.Basic
import Apertura

ScrollBar {
    id: root

    padding: 3
    minimumSize: 0.06
    contentItem: Rectangle {
        implicitWidth: root.interactive && (root.hovered || root.pressed) ? 8 : 5
        implicitHeight: implicitWidth
        radius: width / 2
        color: Theme.control
        opacity: root.pressed ? 1 : root.size < 1 && (root.active || root.hovered) ? 0.7 : 0
        visible: root.policy !== ScrollBar.AlwaysOff

        Behavior on opacity {
            NumberAnimation { duration: Theme.motion; easing.type: Easing.OutCubic }
        }
    }
    background: null
}
