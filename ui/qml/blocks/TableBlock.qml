pragma ComponentBehavior: Bound

import QtQuick
import QtQuick.Layouts
import Apertura

// A table: columns as wide as they need, up to a limit; a wide one scrolls inside.
Flickable {
    id: root

    required property tableContent table
    required property bool rightToLeft
    readonly property int columnLimit: 320

    signal linkWanted(string address)

    LayoutMirroring.enabled: false // the content decides, not the interface
    LayoutMirroring.childrenInherit: true
    implicitHeight: grid.implicitHeight
    contentWidth: grid.implicitWidth
    contentHeight: grid.implicitHeight
    flickableDirection: Flickable.HorizontalFlick
    boundsBehavior: Flickable.StopAtBounds
    interactive: contentWidth > width
    clip: true

    TableCellModel {
        id: cellModel

        table: root.table
    }

    GridLayout {
        id: grid

        layoutDirection: root.rightToLeft ? Qt.RightToLeft : Qt.LeftToRight
        columns: Math.max(1, cellModel.columns)
        columnSpacing: 0
        rowSpacing: 0

        Repeater {
            model: cellModel

            Rectangle {
                id: cell

                required property textRun run
                required property bool header

                implicitWidth: Math.min(root.columnLimit, text.implicitWidth + 2 * Theme.space3)
                implicitHeight: text.height + 2 * Theme.space2
                Layout.fillWidth: true
                Layout.fillHeight: true
                color: cell.header ? Theme.code : "transparent"

                TextBlock {
                    id: text

                    x: Theme.space3
                    y: Theme.space2
                    width: cell.width - 2 * Theme.space3
                    run: cell.run
                    onLinkWanted: address => root.linkWanted(address)
                }

                Rectangle {
                    anchors.bottom: parent.bottom
                    width: parent.width
                    height: Theme.hairline
                    color: Theme.border
                }
            }
        }
    }
}
