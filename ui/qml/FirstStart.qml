pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// An empty chat: what answers here, what it is not, and something to click.
Flickable {
    id: root

    required property ChatViewModel viewModel
    readonly property bool demo: viewModel.models.currentIsDemo

    clip: true
    contentHeight: Math.max(height, column.implicitHeight + 2 * Theme.space3)
    boundsBehavior: Flickable.StopAtBounds
    ScrollBar.vertical: AppScrollBar {}

    ColumnLayout {
        id: column

        x: (root.width - width) / 2
        y: Math.max(Theme.space3, (root.contentHeight - implicitHeight) / 2)
        width: Math.min(Theme.readingWidth * 0.75, root.width - 2 * Theme.space5)
        spacing: Theme.space3

        AppLabel {
            Layout.fillWidth: true
            text: root.demo ? qsTr("Ask the demonstration model") : qsTr("A new chat")
            font.pixelSize: Theme.titleSize
            font.weight: Font.DemiBold
            wrapMode: Text.Wrap
        }
        AppLabel {
            objectName: "whatAnswers"
            Layout.fillWidth: true
            text: root.demo ? qsTr("This is a small demonstration model, not Apertus-8B. It knows the names of countries, currencies, days, months and numbers in twenty-six languages, and not much else.")
                            : root.viewModel.models.currentName.length > 0 ? qsTr("%1 answers here, on this computer. Nothing you write leaves it.").arg(root.viewModel.models.currentName)
                                                                            : qsTr("Add a model folder to begin.")
            color: Theme.secondary
            wrapMode: Text.Wrap
            elide: Text.ElideNone
        }

        Repeater {
            model: root.demo ? root.viewModel.examples : []

            ExampleButton {
                required property string modelData

                objectName: "example"
                Layout.fillWidth: true
                text: modelData
                onClicked: root.viewModel.ask(modelData)
            }
        }

        AppLabel {
            Layout.fillWidth: true
            Layout.topMargin: Theme.space3
            visible: root.demo
            text: qsTr("To talk to Apertus itself, add the folder of a downloaded checkpoint.")
            color: Theme.secondary
            wrapMode: Text.Wrap
            elide: Text.ElideNone
        }
        AddFolderButton {
            models: root.viewModel.models
        }
        ErrorNotice {
            Layout.fillWidth: true
            sentence: root.viewModel.models.addProblem
            dismissable: true
            onDismissed: root.viewModel.models.dismissProblem()
        }
    }
}
