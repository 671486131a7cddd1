import QtQuick
import QtQuick.Layouts
import Apertura

// One sampling parameter: its value in figures and on a slider, and the recommended one where it
// differs.
ColumnLayout {
    id: root

    required property int index
    required property string label
    required property string help
    required property double value
    required property string valueText
    required property string recommendedText
    required property bool custom
    required property double from
    required property double to
    required property double step

    signal valueWanted(int row, double value)
    signal textWanted(int row, string text)
    signal resetWanted(int row)

    spacing: 0

    RowLayout {
        Layout.fillWidth: true
        spacing: Theme.space1

        AppLabel {
            Layout.fillWidth: true
            text: root.label

            HoverHandler { id: hover }
            AppToolTip {
                visible: hover.hovered
                text: root.help
            }
        }
        IconButton {
            visible: root.custom
            implicitHeight: field.implicitHeight
            iconName: "reset"
            text: qsTr("Recommended: %1").arg(root.recommendedText)
            onClicked: root.resetWanted(root.index)
        }
        AppTextField {
            id: field

            Layout.preferredWidth: 5.5 * Theme.textSize
            quiet: true
            text: root.valueText
            horizontalAlignment: TextInput.AlignRight
            Accessible.name: root.label
            Accessible.description: root.help
            onEditingFinished: root.textWanted(root.index, text)
        }
    }
    AppSlider {
        Layout.fillWidth: true
        from: root.from
        to: root.to
        stepSize: root.step
        value: root.value
        Accessible.name: root.label
        onMoved: root.valueWanted(root.index, value)
    }
    AppLabel {
        visible: root.custom
        text: qsTr("recommended: %1").arg(root.recommendedText)
        color: Theme.secondary
        font.pixelSize: Theme.smallSize
    }
}
