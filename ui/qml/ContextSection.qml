import QtQuick
import QtQuick.Layouts
import Apertura

// How full context and memory are, and what happens when the context is full.
Section {
    id: root

    required property ChatViewModel viewModel
    readonly property StatusViewModel status: viewModel.status

    title: qsTr("Context and memory")

    RowLayout {
        Layout.fillWidth: true

        AppLabel {
            Layout.fillWidth: true
            text: qsTr("Context")
        }
        AppLabel {
            text: root.status.context
            color: Theme.secondary
        }
    }
    Meter {
        Layout.fillWidth: true
        share: root.status.contextShare
    }
    AppLabel {
        text: qsTr("When it is full")
    }
    ChoiceRow {
        Layout.fillWidth: true
        options: [qsTr("End the answer"), qsTr("Drop the oldest turns")]
        current: root.viewModel.dropsOldestTurns ? 1 : 0
        onChosen: index => root.viewModel.dropsOldestTurns = index === 1
    }

    RowLayout {
        Layout.fillWidth: true
        Layout.topMargin: Theme.space2

        AppLabel {
            Layout.fillWidth: true
            text: root.status.memoryName
        }
        AppLabel {
            text: root.status.memory
            color: Theme.secondary
        }
    }
    MemoryBar {
        Layout.fillWidth: true
        status: root.status
    }
    AppLabel {
        Layout.fillWidth: true
        text: root.status.memoryLegend
        color: Theme.secondary
        font.pixelSize: Theme.smallSize
        wrapMode: Text.Wrap
    }
}
