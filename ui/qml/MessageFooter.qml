import QtQuick
import QtQuick.Layouts
import Apertura

// Below an answer: how it ended, by which model and how fast, its versions and actions.
RowLayout {
    id: root

    required property bool shown
    required property string notice
    required property string footer
    required property string details
    required property int version
    required property int versionCount
    property alias regenerable: actions.regenerable

    signal copyWanted
    signal regenerateWanted
    signal versionWanted(int version)

    spacing: Theme.space2

    AppLabel {
        visible: root.notice.length > 0
        text: root.notice
        color: Theme.secondary
        font.pixelSize: Theme.smallSize
        font.italic: true
    }
    AppLabel {
        objectName: "footer"
        Layout.maximumWidth: implicitWidth + 1
        Layout.fillWidth: true
        text: root.footer
        color: Theme.secondary
        font.pixelSize: Theme.smallSize

        HoverHandler { id: hover }
        AppToolTip {
            visible: hover.hovered && root.details.length > 0
            text: root.details
        }
    }
    MessageActions {
        id: actions

        shown: root.shown
        version: root.version
        versionCount: root.versionCount
        onCopyWanted: root.copyWanted()
        onRegenerateWanted: root.regenerateWanted()
        onVersionWanted: version => root.versionWanted(version)
    }
    Item { Layout.fillWidth: true }
}
