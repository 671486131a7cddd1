import QtQuick
import Apertura

// A small bar that fills; `share` from 0 to 1.
Rectangle {
    id: root

    required property real share
    property color fill: Theme.accent

    implicitWidth: 64
    implicitHeight: Theme.meterHeight
    radius: height / 2
    color: Theme.border
    clip: true

    Rectangle {
        anchors.left: parent.left
        width: Math.max(0, Math.min(1, root.share)) * root.width
        height: parent.height
        radius: parent.radius
        color: root.fill
    }
}
