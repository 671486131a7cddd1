import QtQuick
import Apertura

// The inner edge of the left panel: dragging it makes the panel wider or narrower, a double click
// gives it its usual width.
MouseArea {
    id: root

    required property WindowState panels
    required property bool mirrored
    property real grabbedAt: 0
    property int grabbedWidth: 0

    objectName: "leftPanelEdge"
    anchors.top: parent.top
    anchors.bottom: parent.bottom
    anchors.right: parent.right
    width: Theme.space2
    cursorShape: Qt.SplitHCursor
    preventStealing: true
    onPressed: mouse => {
        root.grabbedAt = root.mapToItem(null, mouse.x, 0).x
        root.grabbedWidth = root.panels.leftPanelWidth
    }
    onPositionChanged: mouse => {
        const moved = root.mapToItem(null, mouse.x, 0).x - root.grabbedAt
        root.panels.leftPanelWidth = root.grabbedWidth
            + Math.round((root.mirrored ? -moved : moved) / Theme.panelScale)
    }
    onDoubleClicked: root.panels.resetLeftPanelWidth()
}
