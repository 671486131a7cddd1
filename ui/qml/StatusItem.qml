import QtQuick
import QtQuick.Layouts
import Apertura

// A readout: a word and its figure. Its width does not shrink, so that figures do not jump.
RowLayout {
    id: root

    required property string label
    required property string figure
    property string widest: figure // the text that needs the most room
    property string details: "" // under the pointer

    spacing: Theme.space1
    Accessible.role: Accessible.StaticText
    Accessible.name: root.label + " " + root.figure

    HoverHandler { id: hover }
    AppToolTip {
        visible: hover.hovered && root.details.length > 0
        text: root.details
    }

    AppLabel {
        text: root.label
        color: Theme.secondary
        font.pixelSize: Theme.smallSize
    }
    AppLabel {
        text: root.figure
        Layout.minimumWidth: Math.max(implicitWidth, measure.advanceWidth)
        font.pixelSize: Theme.smallSize

        TextMetrics {
            id: measure

            text: root.widest
            font.pixelSize: Theme.smallSize
        }
    }
}
