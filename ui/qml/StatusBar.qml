import QtQuick
import QtQuick.Layouts
import Apertura

// Bottom: what is going on, how fast, and how full memory and context are.
Rectangle {
    id: root

    required property StatusViewModel status
    readonly property real room: width / Math.max(1, Theme.scale)
    readonly property string hiddenFigures: room < 1000 ? status.figures : ""

    implicitHeight: Theme.statusHeight
    color: Theme.surface
    Accessible.role: Accessible.StatusBar
    Accessible.name: root.status.phase
    Accessible.description: root.hiddenFigures

    RowLayout {
        anchors.fill: parent
        anchors.leftMargin: Theme.space3
        anchors.rightMargin: Theme.space3
        spacing: Theme.space4

        Rectangle {
            implicitWidth: 8
            implicitHeight: 8
            radius: 4
            color: root.status.failed ? Theme.error : root.status.busy ? Theme.accent : Theme.control
            Layout.rightMargin: -Theme.space2
        }
        AppLabel {
            objectName: "phase"
            text: root.status.phase
            font.pixelSize: Theme.smallSize
            Layout.minimumWidth: 8 * Theme.smallSize
        }
        Meter {
            visible: root.status.cancellable && root.status.progress >= 0
            share: root.status.progress
        }
        IconButton {
            objectName: "cancelPhase"
            visible: root.status.cancellable
            implicitHeight: root.height - 2
            iconName: "close"
            text: root.status.loadWaits ? qsTr("Keep the model that is loaded") : qsTr("Cancel")
            onClicked: root.status.cancel()
        }
        Item { Layout.fillWidth: true }
        StatusItem {
            visible: root.room >= 900
            label: qsTr("read")
            figure: root.status.readSpeed
            details: root.hiddenFigures
            widest: "8,888 tok/s"
        }
        StatusItem {
            label: qsTr("write")
            objectName: "writeSpeed"
            figure: root.status.writeSpeed
            details: root.hiddenFigures
            widest: "88.8 tok/s"
        }
        StatusItem {
            visible: root.room >= 900
            label: qsTr("first")
            figure: root.status.firstToken
            details: root.hiddenFigures
            widest: "88.8 s"
        }
        StatusItem {
            visible: root.room >= 760
            label: root.status.memoryName
            figure: root.status.memory
            details: root.hiddenFigures
        }
        MemoryBar {
            id: memory

            visible: root.room >= 1000
            status: root.status

            HoverHandler { id: memoryHover }
            AppToolTip {
                visible: memoryHover.hovered
                text: root.status.memoryLegend
            }
        }
        StatusItem {
            label: qsTr("context")
            figure: root.status.context
            details: root.hiddenFigures
        }
        Meter {
            visible: root.room >= 1000
            share: root.status.contextShare
        }
    }

    Rectangle {
        width: parent.width
        height: Theme.hairline
        color: Theme.border
    }
}
