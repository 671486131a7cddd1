import QtQuick
import QtQuick.Dialogs
import Apertura

// Adds a checkpoint folder of the user's.
AppButton {
    id: root

    required property ModelListModel models

    objectName: "addFolder"
    iconName: "folder-plus"
    text: qsTr("Add a model folder…")
    onClicked: dialog.open()

    FolderDialog {
        id: dialog

        title: qsTr("Folder of a model: config.json and safetensors files")
        onAccepted: root.models.addFolder(selectedFolder)
    }
}
