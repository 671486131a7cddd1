import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// One conversation: opens on click, renames in place (F2 or double click), deletes with Undo.
ItemDelegate {
    id: root

    required property double conversationId
    required property string title
    required property string displayTitle
    required property string heading // of the section that begins here; else empty
    required property bool current
    required property bool answering
    required property int queuePosition
    required property bool unread
    required property string mark
    property bool renaming: false
    readonly property bool showsActions: (hovered || visualFocus) && !renaming

    signal opened(double id)
    signal renamed(double id, string title)
    signal removed(double id)
    signal withdrawn(double id)

    objectName: "conversationRow"
    implicitHeight: Theme.controlHeight + Theme.space1 + topPadding
    leftPadding: Theme.space4
    rightPadding: Theme.space4
    topPadding: header.visible ? header.implicitHeight : 0
    bottomPadding: 0
    text: root.title
    topInset: topPadding
    leftInset: Theme.space2
    rightInset: Theme.space2
    Accessible.name: root.mark.length > 0 ? root.title + ", " + root.mark : root.title
    Accessible.role: Accessible.ListItem
    onClicked: root.opened(root.conversationId)
    onDoubleClicked: root.renaming = true
    Keys.onDeletePressed: root.removed(root.conversationId)

    Shortcut { sequence: "F2"; enabled: root.current && root.visible; onActivated: root.renaming = true }

    contentItem: RowLayout {
        spacing: Theme.space2

        AppLabel {
            text: root.displayTitle
            visible: !root.renaming
            horizontalAlignment: undefined // where the title begins
            font.weight: root.unread ? Font.DemiBold : Font.Normal
            Layout.fillWidth: true
        }
        RenameField {
            visible: root.renaming
            title: root.title
            Layout.fillWidth: true
            onFinished: title => { root.renaming = false; root.renamed(root.conversationId, title) }
        }
        AppLabel {
            visible: root.queuePosition > 0 && !root.showsActions
            text: qsTr("%1. in line").arg(root.queuePosition)
            color: Theme.secondary
            font.pixelSize: Theme.smallSize
        }
        Rectangle {
            visible: (root.answering || root.unread) && !root.showsActions
            implicitWidth: 8
            implicitHeight: 8
            radius: 4
            color: root.answering ? Theme.accent : "transparent"
            border.color: Theme.accent
            border.width: 2
        }
        Row {
            visible: root.showsActions

            IconButton {
                visible: root.queuePosition > 0
                iconName: "close"
                text: qsTr("Withdraw the question")
                onClicked: root.withdrawn(root.conversationId)
            }
            IconButton {
                iconName: "edit"
                text: qsTr("Rename")
                shortcutText: "F2"
                onClicked: root.renaming = true
            }
            IconButton {
                objectName: "deleteConversation"
                iconName: "delete"
                text: qsTr("Delete")
                onClicked: root.removed(root.conversationId)
            }
        }
    }
    background: Rectangle {
        radius: Theme.radius
        color: root.current ? Theme.selection : root.hovered ? Theme.hover : "transparent"

        FocusRing {
            shown: root.visualFocus
            anchors.margins: 0
        }
    }

    SectionHeader {
        id: header

        width: root.width
        section: root.heading
        visible: section.length > 0
    }

    AppToolTip {
        visible: root.hovered && root.mark.length > 0
        text: root.mark
    }
}
