pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Apertura

// How the next tokens are chosen, with the model's own recommendation beside every value.
Section {
    id: root

    required property SamplingViewModel sampling

    title: qsTr("Sampling")
    summary: sampling.custom ? qsTr("changed") : qsTr("as recommended")

    Repeater {
        model: root.sampling.parameters

        ParameterRow {
            Layout.fillWidth: true
            onValueWanted: (row, value) => root.sampling.parameters.setValue(row, value)
            onTextWanted: (row, text) => root.sampling.parameters.setText(row, text)
            onResetWanted: row => root.sampling.parameters.resetValue(row)
        }
    }

    SeedRow {
        Layout.fillWidth: true
        sampling: root.sampling
    }

    AppLabel {
        text: qsTr("Stop strings, one a line")
    }
    AppTextArea {
        Layout.fillWidth: true
        Layout.minimumHeight: 2 * Theme.textSize * Theme.lineHeight + Theme.space4
        text: root.sampling.stopStrings
        Accessible.name: qsTr("Stop strings, one a line")
        onEditingFinished: root.sampling.stopStrings = text
    }

    AppButton {
        objectName: "resetSampling"
        Layout.fillWidth: true
        enabled: root.sampling.custom
        iconName: "reset"
        text: qsTr("Reset to the recommended values")
        onClicked: root.sampling.reset()
    }
}
