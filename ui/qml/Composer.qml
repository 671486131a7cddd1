import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// Where the person types. Grows to ten lines; Stop takes the place of Send.
Rectangle {
    id: root

    required property ChatViewModel viewModel
    readonly property Draft draft: viewModel.draft
    readonly property int lineLimit: 10

    function focusField() { field.forceActiveFocus() }

    implicitHeight: column.implicitHeight + Theme.space2
    radius: Theme.cardRadius
    color: Theme.raised
    border.color: field.activeFocus ? Theme.accent : Theme.control
    border.width: field.activeFocus ? Theme.focusWidth : Theme.hairline

    Rectangle {
        anchors.fill: parent
        anchors.topMargin: 2
        anchors.bottomMargin: -2
        z: -1
        radius: parent.radius
        color: Theme.shadow
    }

    ColumnLayout {
        id: column

        anchors.left: parent.left
        anchors.right: parent.right
        anchors.top: parent.top
        anchors.margins: Theme.space1
        spacing: 0

        RowLayout {
            visible: root.draft.editing
            Layout.leftMargin: Theme.space3
            Layout.rightMargin: Theme.space1

            AppLabel {
                Layout.fillWidth: true
                text: qsTr("Editing your message: the old version is kept.")
                color: Theme.secondary
                font.pixelSize: Theme.smallSize
            }
            IconButton {
                iconName: "close"
                text: qsTr("Cancel editing")
                onClicked: root.draft.cancelEditing()
            }
        }

        RowLayout {
            Layout.fillWidth: true
            spacing: Theme.space1

            ScrollView {
                id: scroller

                readonly property real lineHeight: metrics.lineSpacing
                readonly property real limit: root.lineLimit * lineHeight + field.topPadding + field.bottomPadding

                Layout.fillWidth: true
                Layout.preferredHeight: Math.min(Math.max(field.implicitHeight, Theme.sendSize), limit)
                ScrollBar.horizontal.policy: ScrollBar.AlwaysOff

                AppTextArea {
                    id: field

                    objectName: "composerField"
                    background: null
                    topPadding: (Theme.sendSize - metrics.lineSpacing) / 2
                    bottomPadding: topPadding
                    placeholderText: qsTr("Ask in any language")
                    focus: true
                    Accessible.name: qsTr("Message")
                    onTextChanged: root.draft.text = text
                    Component.onCompleted: text = root.draft.text // typed before the window was there

                    SendKey {
                        field: field
                        needsCtrl: root.viewModel.window.ctrlEnterSends
                        onPressed: root.draft.send()
                    }
                    Connections {
                        target: root.draft

                        function onTextChanged() { field.text === root.draft.text || (field.text = root.draft.text, field.cursorPosition = field.length) }
                        function onEditingChanged() { field.forceActiveFocus() }
                    }
                    FontMetrics {
                        id: metrics

                        font: field.font
                    }
                }
            }

            SendButton {
                Layout.alignment: Qt.AlignBottom
                answering: root.viewModel.answering
                sendable: root.draft.sendable
                onSendWanted: root.draft.send()
                onStopWanted: root.viewModel.stop()
            }
        }

        AppLabel {
            objectName: "draftTokens"
            Layout.leftMargin: Theme.space2
            visible: text.length > 0
            text: root.draft.tokens
            color: Theme.secondary
            font.pixelSize: Theme.smallSize
        }
    }
}
