import QtQuick
import Apertura

// "2/3" between two arrows.
Row {
    id: root

    required property int version
    required property int versionCount

    signal wanted(int version)

    IconButton {
        objectName: "previousVersion"
        iconName: mirrored ? "chevron-right" : "chevron-left"
        text: qsTr("Previous version")
        enabled: root.version > 1
        onClicked: root.wanted(root.version - 1)
    }
    AppLabel {
        objectName: "versionLabel"
        height: parent.height
        text: qsTr("%1/%2").arg(root.version).arg(root.versionCount)
        color: Theme.secondary
        font.pixelSize: Theme.smallSize
        Accessible.name: qsTr("Version %1 of %2").arg(root.version).arg(root.versionCount)
    }
    IconButton {
        objectName: "nextVersion"
        iconName: mirrored ? "chevron-left" : "chevron-right"
        text: qsTr("Next version")
        enabled: root.version < root.versionCount
        onClicked: root.wanted(root.version + 1)
    }
}
