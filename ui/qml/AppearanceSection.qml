import QtQuick
import QtQuick.Layouts
import Apertura

// Light or dark, and the size of text.
Section {
    id: root

    required property ThemeState theme

    title: qsTr("Appearance")
    open: false

    ChoiceRow {
        Layout.fillWidth: true
        options: [qsTr("As the system"), qsTr("Light"), qsTr("Dark")]
        current: root.theme.scheme
        onChosen: index => root.theme.scheme = index
    }
    RowLayout {
        Layout.fillWidth: true
        spacing: Theme.space1

        AppLabel {
            Layout.fillWidth: true
            text: qsTr("Text size")
        }
        AppButton {
            text: "−"
            Accessible.name: qsTr("Smaller text")
            onClicked: root.theme.changeTextScale(-1)
        }
        AppButton {
            text: qsTr("%1 %").arg(Math.round(root.theme.textScale * 100))
            Accessible.name: qsTr("Back to the usual text size")
            onClicked: root.theme.resetTextScale()
        }
        AppButton {
            text: "+"
            Accessible.name: qsTr("Larger text")
            onClicked: root.theme.changeTextScale(1)
        }
    }
}
