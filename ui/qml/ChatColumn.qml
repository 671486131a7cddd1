import QtQuick
import QtQuick.Layouts
import Apertura

// The middle: title, messages or the first-start card, notices, composer.
Item {
    id: root

    required property ChatViewModel viewModel
    required property bool sidePanelShown

    signal leftPanelToggled
    signal rightPanelToggled

    function focusComposer() { composer.focusField() }
    function follow() { messages.followEnd() }

    ColumnLayout {
        anchors.fill: parent
        spacing: 0

        TitleBar {
            Layout.fillWidth: true
            viewModel: root.viewModel
            onLeftPanelToggled: root.leftPanelToggled()
            onRightPanelToggled: root.rightPanelToggled()
        }

        Item {
            Layout.fillWidth: true
            Layout.fillHeight: true

            MessageList {
                id: messages

                anchors.fill: parent
                viewModel: root.viewModel
                visible: root.viewModel.messages.count > 0
            }

            FirstStart {
                anchors.fill: parent
                viewModel: root.viewModel
                visible: root.viewModel.messages.count === 0
            }
        }

        ColumnLayout {
            Layout.fillWidth: true
            Layout.maximumWidth: Theme.readingWidth + 2 * Theme.space5
            Layout.alignment: Qt.AlignHCenter
            Layout.leftMargin: Theme.space5
            Layout.rightMargin: Theme.space5
            Layout.bottomMargin: Theme.space3
            spacing: Theme.space2

            UndoBar {
                Layout.fillWidth: true
                deletion: root.viewModel.deletionUndo
            }

            ErrorNotice {
                Layout.fillWidth: true
                sentence: root.viewModel.problem
                dismissable: true
                onDismissed: root.viewModel.dismissProblem()
            }

            ErrorNotice {
                Layout.fillWidth: true
                sentence: root.viewModel.modelProblem
                actionText: root.sidePanelShown ? "" : qsTr("Choose a model…")
                onActionWanted: root.rightPanelToggled()
            }

            Composer {
                id: composer

                Layout.fillWidth: true
                viewModel: root.viewModel
            }
        }
    }
}
