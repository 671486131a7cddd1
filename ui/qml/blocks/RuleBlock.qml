import QtQuick
import Apertura

// A horizontal rule.
Item {
    implicitHeight: Theme.space4

    Rectangle {
        anchors.verticalCenter: parent.verticalCenter
        width: parent.width
        height: Theme.hairline
        color: Theme.border
    }
}
