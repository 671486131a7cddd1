import QtQuick
import Apertura

// A day in the list of conversations.
AppLabel {
    id: root

    required property string section

    leftPadding: Theme.space4
    rightPadding: Theme.space4
    topPadding: Theme.space3
    bottomPadding: Theme.space1
    text: root.section
    color: Theme.secondary
    font.pixelSize: Theme.smallSize
    Accessible.role: Accessible.Heading
}
