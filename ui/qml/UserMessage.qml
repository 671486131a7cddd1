import QtQuick
import QtQuick.Layouts
import Apertura

// What the person said: a bubble at the trailing side.
FocusScope {
    id: root

    required property double messageId
    required property BlockModel blocks
    required property string sourceText
    required property int version
    required property int versionCount
    required property bool last
    property bool answering: false
    readonly property bool unanswered: last && !answering // its answer could not be stored, or a crash came first
    readonly property int columnWidth: Math.min(Theme.readingWidth, width - 2 * Theme.space5)

    signal copyWanted(string text)
    signal editWanted(double id, string text)
    signal answerWanted(double id)
    signal versionWanted(double id, int version)

    implicitHeight: column.implicitHeight
    Accessible.role: Accessible.ListItem
    Accessible.name: qsTr("You: %1").arg(root.sourceText)

    HoverHandler { id: hover }

    ColumnLayout {
        id: column

        anchors.horizontalCenter: parent.horizontalCenter
        width: root.columnWidth
        spacing: Theme.space1

        Rectangle {
            id: bubble

            readonly property int limit: Math.round(root.columnWidth * 0.8)

            Layout.alignment: Qt.AlignRight
            implicitWidth: Math.min(limit, measure.implicitWidth + 2 * Theme.space3 + 2)
            implicitHeight: text.height + 2 * Theme.space2
            radius: Theme.cardRadius
            color: Theme.user

            // How wide the text would be on one line: the bubble is no wider than it needs.
            AppLabel {
                id: measure

                visible: false
                text: root.sourceText
                font.pixelSize: Math.round(Theme.textSize)
            }
            BlockColumn {
                id: text

                x: Theme.space3
                y: Theme.space2
                width: bubble.width - 2 * Theme.space3
                blocks: root.blocks
            }
        }

        MessageActions {
            Layout.alignment: Qt.AlignRight
            shown: hover.hovered || root.activeFocus || root.unanswered
            editable: true
            regenerable: root.unanswered
            regenerateText: qsTr("Answer this")
            version: root.version
            versionCount: root.versionCount
            onCopyWanted: root.copyWanted(root.sourceText)
            onEditWanted: root.editWanted(root.messageId, root.sourceText)
            onRegenerateWanted: root.answerWanted(root.messageId)
            onVersionWanted: version => root.versionWanted(root.messageId, version)
        }
    }
}
