import QtQuick
import QtQuick.Controls.Basic
import Apertura

ToolTip {
    id: root

    // Of a text that wraps, Qt takes all lines together for the width that it would like.
    readonly property AppLabel unwrapped: AppLabel {
        text: root.text
        font.pixelSize: Theme.smallSize
        elide: Text.ElideNone
    }

    delay: 600
    padding: Theme.space2
    contentWidth: Math.min(root.unwrapped.implicitWidth, Theme.tooltipWidth)
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
