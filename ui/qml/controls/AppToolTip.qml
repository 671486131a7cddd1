import QtQuick
import QtQuick.Controls.Basic
import Apertura

ToolTip {
    id: root

    delay: 600
    padding: Theme.space2
    contentItem: AppLabel {
        text: root.text
        font.pixelSize: Theme.smallSize
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
    background: Rectangle {
        color: Theme.raised
        border.color: Theme.border
        radius: Theme.radius
    }
}
