import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// Code: its language, copy and wrap above; long lines scroll inside. Always left-to-right.
Rectangle {
    id: root

    required property textRun run
    required property string language
    property bool wrap: false

    signal copyWanted(string text)

    LayoutMirroring.enabled: false
    LayoutMirroring.childrenInherit: true
    implicitHeight: column.implicitHeight
    radius: Theme.radius
    color: Theme.code
    border.color: Theme.border
    border.width: Theme.hairline

    ColumnLayout {
        id: column

        width: parent.width
        spacing: 0

        RowLayout {
            Layout.fillWidth: true
            Layout.leftMargin: Theme.space3
            Layout.rightMargin: Theme.space1
            spacing: 0

            AppLabel {
                text: root.language.length > 0 ? root.language : qsTr("text")
                color: Theme.secondary
                font.pixelSize: Theme.smallSize
                Layout.fillWidth: true
            }
            IconButton {
                iconName: "wrap"
                text: root.wrap ? qsTr("Do not wrap lines") : qsTr("Wrap long lines")
                onClicked: root.wrap = !root.wrap
            }
            IconButton {
                iconName: "copy"
                text: qsTr("Copy code")
                onClicked: root.copyWanted(code.plainText)
            }
        }

        Flickable {
            id: scroller

            Layout.fillWidth: true
            Layout.leftMargin: Theme.space3
            Layout.rightMargin: Theme.space3
            Layout.bottomMargin: Theme.space3
            implicitHeight: code.height
            contentWidth: code.width
            contentHeight: code.height
            flickableDirection: Flickable.HorizontalFlick
            boundsBehavior: Flickable.StopAtBounds
            interactive: contentWidth > width
            clip: true
            ScrollBar.horizontal: AppScrollBar {
                parent: root // in the margin below the code
                anchors.left: parent.left
                anchors.right: parent.right
                anchors.bottom: parent.bottom
            }

            TextBlock {
                id: code

                width: root.wrap ? scroller.width : Math.max(scroller.width, implicitWidth)
                run: root.run
                isCode: true
                wrapMode: root.wrap ? TextEdit.Wrap : TextEdit.NoWrap
            }
        }
    }
}
