pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Apertura

// Which model answers: the demonstration variants and the user's folders.
Section {
    id: root

    required property ModelListModel models
    required property StatusViewModel status
    required property bool loading
    required property string problem

    signal retryWanted

    title: qsTr("Model")

    ColumnLayout {
        Layout.fillWidth: true
        spacing: Theme.space1

        Repeater {
            model: root.models

            ModelRow {
                Layout.fillWidth: true
                onChosen: path => root.models.load(path)
                onRemoved: path => root.models.remove(path)
            }
        }
    }

    RowLayout {
        Layout.fillWidth: true
        visible: root.loading
        spacing: Theme.space2

        Meter {
            visible: !root.status.loadWaits
            Layout.fillWidth: true
            share: root.status.progress
        }
        AppLabel {
            text: root.status.loadWaits ? qsTr("Waits for the answer that is being written.") : root.status.phase
            wrapMode: Text.Wrap
            elide: Text.ElideNone
            Layout.fillWidth: root.status.loadWaits
            color: Theme.secondary
            font.pixelSize: Theme.smallSize
        }
        AppButton {
            objectName: "cancelLoading"
            text: qsTr("Cancel")
            onClicked: root.status.cancel()
        }
    }

    ErrorNotice {
        Layout.fillWidth: true
        stacked: true
        sentence: root.problem
        actionText: root.status.failed ? qsTr("Try again") : "" // what was cancelled is chosen anew
        onActionWanted: root.retryWanted()
    }

    AddFolderButton {
        Layout.fillWidth: true
        models: root.models
    }

    ErrorNotice {
        Layout.fillWidth: true
        stacked: true
        sentence: root.models.addProblem
        dismissable: true
        onDismissed: root.models.dismissProblem()
    }

    AppLabel {
        Layout.fillWidth: true
        visible: root.models.currentIsDemo
        text: qsTr("The demo variants are one small model, stored in several precisions. They are not Apertus-8B.")
        color: Theme.secondary
        font.pixelSize: Theme.smallSize
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }

    AppLabel {
        Layout.fillWidth: true
        visible: text.length > 0
        text: root.models.currentDetails
        color: Theme.secondary
        font.pixelSize: Theme.smallSize
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
}
