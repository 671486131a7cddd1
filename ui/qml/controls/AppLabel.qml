import QtQuick
import Apertura

// One line or paragraph of the window's own text or of a name: never markup.
Text {
    textFormat: Text.PlainText
    color: Theme.text
    font.pixelSize: Theme.textSize
    elide: Text.ElideRight
    horizontalAlignment: Text.AlignLeft // where the window begins, whatever the language of the text
    verticalAlignment: Text.AlignVCenter
}
