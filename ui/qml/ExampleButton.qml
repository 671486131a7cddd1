import QtQuick
import Apertura

// A question to click, across the whole card.
AppButton {
    id: root

    implicitHeight: Theme.sendSize + Theme.space1
    contentItem: AppLabel {
        text: root.text
        horizontalAlignment: undefined // where the question begins
        wrapMode: Text.Wrap
        elide: Text.ElideNone
    }
}
