import QtQuick
import QtQuick.Layouts
import Apertura

// Versions of a message, and what can be done with it. The space is always there; the actions show
// on hover and on keyboard focus.
RowLayout {
    id: root

    required property bool shown
    required property int version
    required property int versionCount
    property bool editable: false
    property bool regenerable: false
    property string regenerateText: qsTr("Answer again")

    signal copyWanted
    signal editWanted
    signal regenerateWanted
    signal versionWanted(int version)

    spacing: 0

    VersionSwitch {
        visible: root.versionCount > 1
        version: root.version
        versionCount: root.versionCount
        onWanted: version => root.versionWanted(version)
    }
    Row {
        id: actions

        opacity: root.shown || copyButton.activeFocus ? 1 : 0

        Behavior on opacity {
            NumberAnimation { duration: Theme.motion; easing.type: Easing.OutCubic }
        }

        IconButton {
            id: copyButton

            objectName: "copyMessage"
            iconName: "copy"
            text: qsTr("Copy")
            onClicked: root.copyWanted()
        }
        IconButton {
            objectName: "editMessage"
            visible: root.editable
            iconName: "edit"
            text: qsTr("Edit")
            onClicked: root.editWanted()
        }
        IconButton {
            objectName: "regenerateMessage"
            visible: root.regenerable
            iconName: "regenerate"
            text: root.regenerateText
            shortcutText: "Ctrl+R"
            onClicked: root.regenerateWanted()
        }
    }
}
