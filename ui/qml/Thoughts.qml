import QtQuick
import QtQuick.Layouts
import Apertura

// The model's deliberation, folded away until it is asked for.
ColumnLayout {
    id: root

    required property string text
    property bool open: false

    spacing: Theme.space1

    AppButton {
        text: root.open ? qsTr("Hide the deliberation") : qsTr("Show the deliberation")
        iconName: root.open ? "chevron-down" : mirrored ? "chevron-left" : "chevron-right"
        onClicked: root.open = !root.open
    }
    AppLabel {
        Layout.fillWidth: true
        visible: root.open
        text: root.text
        color: Theme.secondary
        wrapMode: Text.Wrap
    }
}
