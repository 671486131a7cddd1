import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// Right: the model and how it answers, in sections that fold.
Rectangle {
    id: root

    required property ChatViewModel viewModel

    color: Theme.surface

    Flickable {
        id: scroller

        anchors.fill: parent
        contentHeight: column.implicitHeight
        boundsBehavior: Flickable.StopAtBounds
        clip: true
        ScrollBar.vertical: AppScrollBar {}

        ColumnLayout {
            id: column

            width: scroller.width
            spacing: 0

            ModelSection {
                Layout.fillWidth: true
                models: root.viewModel.models
                status: root.viewModel.status
                loading: root.viewModel.modelLoading
                problem: root.viewModel.modelProblem
                onRetryWanted: root.viewModel.retryModel()
            }
            SystemPromptSection {
                Layout.fillWidth: true
                viewModel: root.viewModel
            }
            SamplingSection {
                Layout.fillWidth: true
                sampling: root.viewModel.sampling
            }
            ContextSection {
                Layout.fillWidth: true
                viewModel: root.viewModel
            }
            AppearanceSection {
                Layout.fillWidth: true
                theme: root.viewModel.theme
            }
        }
    }

    Rectangle {
        anchors.left: parent.left
        width: Theme.hairline
        height: parent.height
        color: Theme.border
    }
}
