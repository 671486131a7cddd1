import QtQuick
import Apertura

// Around a control that has the keyboard: 2 px of accent, 2 px away.
Rectangle {
    required property bool shown

    anchors.fill: parent
    anchors.margins: -2 * Theme.focusWidth
    radius: Theme.radius + 2 * Theme.focusWidth
    color: "transparent"
    border.color: Theme.accent
    border.width: Theme.focusWidth
    visible: shown
}
