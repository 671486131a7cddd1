pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// Left: all conversations by day, newest first.
Rectangle {
    id: root

    required property ChatViewModel viewModel

    signal conversationChosen

    color: Theme.surface

    ColumnLayout {
        anchors.fill: parent
        spacing: Theme.space2

        AppTextField {
            Layout.fillWidth: true
            Layout.margins: Theme.space3
            Layout.bottomMargin: 0
            placeholderText: qsTr("Search titles")
            text: root.viewModel.conversations.filter
            Accessible.name: placeholderText
            Accessible.role: Accessible.EditableText
            onTextEdited: root.viewModel.conversations.filter = text
        }
        AppButton {
            objectName: "newChatButton"
            Layout.fillWidth: true
            Layout.leftMargin: Theme.space3
            Layout.rightMargin: Theme.space3
            iconName: "plus"
            text: qsTr("New chat")
            onClicked: { root.viewModel.newConversation(); root.conversationChosen() }
        }
        ListView {
            id: list

            objectName: "conversationList"
            Layout.fillWidth: true
            Layout.fillHeight: true
            clip: true
            boundsBehavior: Flickable.StopAtBounds
            model: root.viewModel.conversations
            Accessible.role: Accessible.List
            Accessible.name: qsTr("Conversations")
            ScrollBar.vertical: AppScrollBar {}
            delegate: ConversationRow {
                width: ListView.view.width
                onOpened: id => { root.viewModel.conversations.open(id); root.conversationChosen() }
                onRenamed: (id, title) => root.viewModel.conversations.rename(id, title)
                onRemoved: id => root.viewModel.conversations.remove(id)
                onWithdrawn: id => root.viewModel.conversations.withdraw(id)
            }
        }
        AppLabel {
            Layout.fillWidth: true
            Layout.margins: Theme.space4
            visible: list.count === 0
            text: root.viewModel.conversations.filter.length > 0 ? qsTr("No title contains this.")
                                                                  : qsTr("Your chats will be listed here.")
            color: Theme.secondary
            wrapMode: Text.Wrap
            verticalAlignment: Text.AlignTop
        }
    }

    Rectangle {
        anchors.right: parent.right
        width: Theme.hairline
        height: parent.height
        color: Theme.border
    }
}
