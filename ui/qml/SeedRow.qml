import QtQuick
import QtQuick.Layouts
import Apertura

// The seed: open, each answer draws its own; locked, the same question gets the same answer.
RowLayout {
    id: root

    required property SamplingViewModel sampling

    spacing: Theme.space1

    AppLabel {
        Layout.fillWidth: true
        text: qsTr("Seed")
    }
    AppTextField {
        Layout.preferredWidth: 9 * Theme.textSize
        quiet: true
        text: root.sampling.seed
        color: root.sampling.seedLocked ? Theme.text : Theme.secondary
        horizontalAlignment: TextInput.AlignRight
        inputMethodHints: Qt.ImhDigitsOnly
        Accessible.name: qsTr("Seed")
        onEditingFinished: root.sampling.seed = text
    }
    IconButton {
        objectName: "seedLock"
        iconName: root.sampling.seedLocked ? "locked" : "unlocked"
        iconColor: root.sampling.seedLocked ? Theme.accent : Theme.secondary
        text: root.sampling.seedLocked ? qsTr("Locked: the same question gets the same answer")
                                       : qsTr("Open: each answer draws a fresh seed")
        onClicked: root.sampling.seedLocked = !root.sampling.seedLocked
    }
}
