pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls.Basic
import Qt.labs.qmlmodels
import Apertura

// The turns. Follows the end while an answer grows until the reader moves; never moves by itself
// afterwards, but offers the way back.
Item {
    id: root

    required property ChatViewModel viewModel
    property bool following: true

    function followEnd() { list.positionViewAtEnd(); following = true; follower.start() }
    // The last row's own end: that of the list is estimated from the rows that are alive.
    function goToEnd(last: Item) { last ? list.contentY = Math.max(list.originY - list.topMargin, last.y + last.height - list.height) : list.positionViewAtEnd() }
    // Not followed meanwhile: rows that come into being on the way change the content's height.
    function scrollBy(distance: real) { following = false; list.contentY += distance; list.returnToBounds(); following = list.atYEnd }

    // Not within the layout that changed the height: moving there starts the layout again, endlessly
    // where rows are of very different heights.
    Timer {
        id: follower

        interval: 0
        onTriggered: root.following && root.goToEnd(list.itemAtIndex(list.count - 1))
    }
    Connections {
        target: root.viewModel

        function onConversationChanged() { root.following = true }
        function onAnsweringChanged() { root.viewModel.answering && root.followEnd() }
    }

    Shortcut { sequence: "PgUp"; onActivated: root.scrollBy(-0.9 * list.height) }
    Shortcut { sequence: "PgDown"; onActivated: root.scrollBy(0.9 * list.height) }

    ListView {
        id: list

        objectName: "messageList"
        anchors.fill: parent
        anchors.bottomMargin: Theme.space2 // a margin of the content would keep it from its end
        clip: true
        model: root.viewModel.messages
        spacing: Theme.space2
        topMargin: Theme.space5
        boundsBehavior: Flickable.StopAtBounds
        // One screen above and below is kept alive, so that a page down finds what it shows.
        cacheBuffer: Math.max(400, height)
        activeFocusOnTab: true
        keyNavigationEnabled: false
        Accessible.role: Accessible.List
        Accessible.name: qsTr("Messages")
        ScrollBar.vertical: AppScrollBar {
            onPressedChanged: root.following = !pressed && list.atYEnd
        }
        // The reader's own movement decides whether the end is followed.
        onMovementStarted: root.following = false
        onMovementEnded: root.following = list.atYEnd
        onContentHeightChanged: follower.start()
        onHeightChanged: follower.start()
        onCountChanged: follower.start()

        delegate: DelegateChooser {
            role: "kind"

            DelegateChoice {
                roleValue: MessageModel.User

                UserMessage {
                    width: ListView.view.width
                    answering: root.viewModel.answering
                    onAnswerWanted: id => root.viewModel.regenerate(id)
                    onEditWanted: (id, text) => root.viewModel.draft.beginEditing(id, text)
                    onCopyWanted: text => root.viewModel.copy(text)
                    onVersionWanted: (id, version) => root.viewModel.selectVersion(id, version)
                }
            }
            DelegateChoice {
                roleValue: MessageModel.Answer

                AnswerMessage {
                    width: ListView.view.width
                    answering: root.viewModel.answering
                    onCopyWanted: text => root.viewModel.copy(text)
                    onRegenerateWanted: id => root.viewModel.regenerate(id)
                    onVersionWanted: (id, version) => root.viewModel.selectVersion(id, version)
                    onGoOnWanted: root.viewModel.continueWithoutOldest()
                    onLinkWanted: address => root.viewModel.link.ask(address)
                }
            }
        }
    }

    AppButton {
        objectName: "newTextButton"
        anchors.bottom: parent.bottom
        anchors.horizontalCenter: parent.horizontalCenter
        anchors.bottomMargin: Theme.space3
        visible: !root.following && !list.atYEnd
        iconName: "arrow-down"
        text: root.viewModel.answering ? qsTr("New text") : qsTr("To the end")
        onClicked: root.followEnd()
    }
}
