import QtQuick
import Apertura

// What the model said: no bubble, the full reading column.
FocusScope {
    id: root

    required property double messageId
    required property BlockModel blocks
    required property string sourceText
    required property string thoughts
    required property bool waiting
    required property bool queued
    required property bool active
    required property string notice
    required property bool failed
    required property bool contextFull
    required property int version
    required property int versionCount
    required property string footer
    required property string details
    required property bool last
    required property string spoken
    property bool answering: false

    signal copyWanted(string text)
    signal regenerateWanted(double id)
    signal versionWanted(double id, int version)
    signal goOnWanted
    signal linkWanted(string address)

    implicitHeight: column.implicitHeight
    Component.onCompleted: column.forceLayout()
    Accessible.role: Accessible.ListItem
    Accessible.name: root.spoken

    HoverHandler { id: hover }

    // No layout: those know their height only when they are drawn.
    Column {
        id: column

        anchors.horizontalCenter: parent.horizontalCenter
        width: Math.min(Theme.readingWidth, root.width - 2 * Theme.space5)
        spacing: Theme.space2

        Thoughts {
            width: parent.width
            visible: root.thoughts.length > 0
            text: root.thoughts
        }

        BlockColumn {
            width: parent.width
            visible: root.sourceText.length > 0
            blocks: root.blocks
            onLinkWanted: address => root.linkWanted(address)
            onCopyWanted: text => root.copyWanted(text)
        }

        AppLabel {
            visible: root.waiting && !root.queued
            text: "…"
            color: Theme.secondary
            Accessible.name: qsTr("The answer is being prepared")
        }

        ErrorNotice {
            width: parent.width
            sentence: root.failed || root.contextFull ? root.notice : ""
            isError: root.failed
            actionText: root.failed ? qsTr("Try again") : root.last ? qsTr("Go on without the oldest turns") : ""
            onActionWanted: root.failed ? root.regenerateWanted(root.messageId) : root.goOnWanted()
        }

        MessageFooter {
            width: parent.width
            shown: (hover.hovered || root.activeFocus) && !root.active
            notice: root.failed || root.contextFull ? "" : root.notice
            footer: root.footer
            details: root.details
            version: root.version
            versionCount: root.versionCount
            regenerable: !root.answering
            onCopyWanted: root.copyWanted(root.sourceText)
            onRegenerateWanted: root.regenerateWanted(root.messageId)
            onVersionWanted: version => root.versionWanted(root.messageId, version)
        }
    }
}
