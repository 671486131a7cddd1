import QtQuick
import QtQuick.Layouts
import Apertura

// What the model is told before the conversation begins.
Section {
    id: root

    required property ChatViewModel viewModel

    title: qsTr("System prompt")
    summary: viewModel.systemPrompt.length > 0 ? qsTr("set") : ""
    open: viewModel.systemPrompt.length > 0 || field.activeFocus

    AppTextArea {
        id: field

        objectName: "systemPrompt"
        Layout.fillWidth: true
        Layout.minimumHeight: 4 * Theme.textSize * Theme.lineHeight
        text: root.viewModel.systemPrompt
        placeholderText: qsTr("For example: answer in one sentence.")
        Accessible.name: qsTr("System prompt of this chat")
        // With every key: a model that becomes ready, another chat or the closing window asks for it.
        onTextChanged: root.viewModel.systemPrompt = text
    }
    AppLabel {
        Layout.fillWidth: true
        text: qsTr("Applies to this chat, from the next answer on.")
        color: Theme.secondary
        font.pixelSize: Theme.smallSize
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
}
