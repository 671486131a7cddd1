import QtQuick
import QtQuick.Layouts
import Apertura

// One sentence where something happened, with the next step as a button.
Rectangle {
    id: root

    required property string sentence
    property string actionText: ""
    property bool dismissable: false
    property bool isError: true
    property bool stacked: false // the button below the sentence, for narrow places
    readonly property color tint: root.isError ? Theme.error : Theme.warning

    signal actionWanted
    signal dismissed

    visible: root.sentence.length > 0
    implicitHeight: row.implicitHeight + 2 * Theme.space2
    radius: Theme.radius
    color: Theme.raised
    border.color: root.tint
    border.width: Theme.hairline
    Accessible.role: Accessible.AlertMessage
    Accessible.name: root.sentence

    GridLayout {
        id: row

        anchors.fill: parent
        anchors.margins: Theme.space2
        anchors.leftMargin: Theme.space3
        columnSpacing: Theme.space3
        rowSpacing: Theme.space2

        AppIcon {
            Layout.row: 0
            Layout.column: 0
            name: "warning"
            tint: root.tint
        }
        AppLabel {
            objectName: "sentence"
            Layout.row: 0
            Layout.column: 1
            Layout.fillWidth: true
            text: root.sentence
            wrapMode: Text.Wrap
            elide: Text.ElideNone
        }
        AppButton {
            objectName: "noticeAction"
            Layout.row: root.stacked ? 1 : 0
            Layout.column: root.stacked ? 1 : 2
            visible: root.actionText.length > 0
            text: root.actionText
            onClicked: root.actionWanted()
        }
        IconButton {
            Layout.row: 0
            Layout.column: 3
            visible: root.dismissable
            iconName: "close"
            text: qsTr("Dismiss")
            onClicked: root.dismissed()
        }
    }
}
