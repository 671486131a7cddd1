import QtQuick
import Apertura

// Weights, KV cache, scratch and other programs against all the memory of the device.
Rectangle {
    id: root

    required property StatusViewModel status

    implicitWidth: 96
    implicitHeight: Theme.meterHeight
    radius: height / 2
    color: Theme.border
    clip: true
    Accessible.role: Accessible.Indicator
    Accessible.name: root.status.memoryLegend

    Row {
        anchors.fill: parent

        Rectangle {
            width: root.status.weightShare * root.width
            height: parent.height
            color: Theme.accent
        }
        Rectangle {
            width: root.status.kvShare * root.width
            height: parent.height
            color: Theme.accent
            opacity: Theme.kvOpacity
        }
        Rectangle {
            width: root.status.scratchShare * root.width
            height: parent.height
            color: Theme.accent
            opacity: Theme.scratchOpacity
        }
        Rectangle {
            width: root.status.otherShare * root.width
            height: parent.height
            color: Theme.control
        }
    }
}
