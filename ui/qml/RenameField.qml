import QtQuick
import Apertura

// A title being edited in place: Enter or leaving keeps it, Escape does not.
AppTextField {
    id: root

    required property string title

    signal finished(string title)

    function begin() { text = title; forceActiveFocus(); selectAll() }

    Accessible.name: qsTr("New title")
    onVisibleChanged: root.visible && root.begin()
    onEditingFinished: root.finished(root.text)
    Keys.onShortcutOverride: event => { event.accepted = event.key === Qt.Key_Escape }
    Keys.onEscapePressed: { root.text = root.title; root.finished(root.title) }
}
