import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// Shows where a link goes before anything is opened.
Popup {
    id: root

    required property LinkRequest link

    anchors.centerIn: parent
    width: Math.min(480, parent.width - 2 * Theme.space5)
    padding: Theme.space4
    modal: true
    visible: root.link.pending
    onClosed: root.link.dismiss()
    background: Rectangle {
        radius: Theme.cardRadius
        color: Theme.raised
        border.color: Theme.border
    }

    contentItem: ColumnLayout {
        spacing: Theme.space3

        AppLabel {
            text: qsTr("This link leads to")
            color: Theme.secondary
        }
        AppLabel {
            objectName: "linkAddress"
            Layout.fillWidth: true
            text: root.link.address
            wrapMode: Text.WrapAnywhere
            maximumLineCount: 8
        }
        RowLayout {
            spacing: Theme.space2

            Item { Layout.fillWidth: true }
            AppButton {
                text: qsTr("Cancel")
                onClicked: root.link.dismiss()
            }
            AppButton {
                text: qsTr("Copy")
                onClicked: root.link.copy()
            }
            AppButton {
                primary: true
                text: qsTr("Open in the browser")
                onClicked: root.link.open()
            }
        }
    }
}
