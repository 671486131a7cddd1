pragma ComponentBehavior: Bound

import QtQuick
import Apertura

// Puts a block into its quotes and lists: a bar per quote, an indent per list level.
Item {
    id: root

    required property int quoteDepth
    required property int listDepth
    required property bool rightToLeft
    default property alias content: body.data
    readonly property int indent: root.quoteDepth * Theme.space4 + root.listDepth * Theme.space5

    implicitHeight: body.childrenRect.height

    Repeater {
        model: root.quoteDepth

        Rectangle {
            required property int index

            x: root.rightToLeft ? root.width - width - index * Theme.space4 : index * Theme.space4
            width: 3
            height: root.height
            radius: 1.5
            color: Theme.border
        }
    }

    Item {
        id: body

        x: root.rightToLeft ? 0 : root.indent
        width: root.width - root.indent
        height: childrenRect.height
    }
}
