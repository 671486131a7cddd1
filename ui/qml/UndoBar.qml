import QtQuick
import QtQuick.Layouts
import Apertura

// After a deletion, for about ten seconds.
Rectangle {
    id: root

    required property DeletionUndo deletion

    visible: root.deletion.offered
    implicitHeight: row.implicitHeight + Theme.space2
    radius: Theme.radius
    color: Theme.raised
    border.color: Theme.border
    border.width: Theme.hairline
    Accessible.role: Accessible.AlertMessage
    Accessible.name: label.text

    RowLayout {
        id: row

        anchors.fill: parent
        anchors.leftMargin: Theme.space3
        anchors.rightMargin: Theme.space1
        spacing: Theme.space2

        AppLabel {
            id: label

            Layout.fillWidth: true
            text: qsTr("Deleted: %1").arg(root.deletion.title)
        }
        AppButton {
            objectName: "undoButton"
            iconName: "reset"
            text: qsTr("Undo")
            onClicked: root.deletion.undo()
        }
        IconButton {
            iconName: "close"
            text: qsTr("Dismiss")
            onClicked: root.deletion.dismiss()
        }
    }
}
