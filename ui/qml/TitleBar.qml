import QtQuick
import QtQuick.Layouts
import Apertura

// Above the messages: the chat's title, the model that answers, and the switches of both panels.
Item {
    id: root

    required property ChatViewModel viewModel

    signal leftPanelToggled
    signal rightPanelToggled

    implicitHeight: Theme.titleHeight

    RowLayout {
        anchors.fill: parent
        anchors.leftMargin: Theme.space2
        anchors.rightMargin: Theme.space2
        spacing: Theme.space2

        IconButton {
            iconName: root.viewModel.theme.rightToLeft ? "panel-end" : "panel-start"
            text: qsTr("Conversations")
            shortcutText: "Ctrl+B"
            onClicked: root.leftPanelToggled()
        }
        AppLabel {
            text: root.viewModel.title
            font.weight: Font.DemiBold
            Layout.fillWidth: true
            Accessible.role: Accessible.Heading
        }
        AppLabel {
            text: root.viewModel.models.currentLabel
            color: Theme.secondary
            font.pixelSize: Theme.smallSize
            horizontalAlignment: Text.AlignRight
            Layout.maximumWidth: root.width / 3
        }
        IconButton {
            iconName: root.viewModel.theme.rightToLeft ? "panel-start" : "panel-end"
            text: qsTr("Model and settings")
            shortcutText: "Ctrl+Shift+M"
            onClicked: root.rightPanelToggled()
        }
    }

    Rectangle {
        anchors.bottom: parent.bottom
        width: parent.width
        height: Theme.hairline
        color: Theme.border
    }
}
