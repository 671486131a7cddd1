import QtQuick
import Apertura

// A run of paragraphs, selectable as one. The text comes through TextRunDocument, never as markup.
TextEdit {
    id: root

    required property textRun run
    property bool isCode: false
    readonly property string plainText: content.plainText

    signal linkWanted(string address)

    LayoutMirroring.enabled: false // each paragraph brings its own direction
    readOnly: true
    selectByMouse: true
    // Formats come with the document; a rich TextEdit would clear it when it is complete.
    textFormat: TextEdit.PlainText
    horizontalAlignment: TextEdit.AlignLeft
    wrapMode: TextEdit.Wrap
    color: Theme.text
    selectionColor: Theme.selection
    selectedTextColor: Theme.text
    font.pixelSize: Math.round(Theme.textSize)
    activeFocusOnTab: false
    Accessible.role: Accessible.StaticText
    Accessible.name: content.plainText
    onLinkActivated: link => root.linkWanted(link)

    TextRunDocument {
        id: content

        document: root.textDocument
        run: root.run
        pixelSize: Theme.textSize
        lineHeight: root.isCode ? Theme.lineHeight : Theme.answerLineHeight
        codeFamily: Theme.codeFamily
        codeColor: root.isCode ? "transparent" : Theme.code
        linkColor: Theme.accent
        textColor: Theme.text
    }

    HoverHandler {
        cursorShape: root.hoveredLink.length > 0 ? Qt.PointingHandCursor : Qt.IBeamCursor
    }
}
