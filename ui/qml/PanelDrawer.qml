import QtQuick
import QtQuick.Controls.Basic
import Apertura

// A side panel over the chat, where the window is too narrow for one beside it.
Drawer {
    id: root

    required property bool available

    height: parent.height
    padding: 0
    dragMargin: 0
    onAvailableChanged: root.close()
    enter: Transition {
        NumberAnimation { property: "position"; duration: Theme.motion; easing.type: Easing.OutCubic }
    }
    exit: Transition {
        NumberAnimation { property: "position"; duration: Theme.motion; easing.type: Easing.OutCubic }
    }
    background: Rectangle {
        color: Theme.surface
    }
}
