import QtQuick
import QtQuick.Controls.Basic
import Apertura

// An icon of resources/icons in one colour.
Button {
    id: root

    required property string name
    property color tint: Theme.secondary

    implicitWidth: Theme.iconSize
    implicitHeight: Theme.iconSize
    padding: 0
    display: AbstractButton.IconOnly
    enabled: false
    focusPolicy: Qt.NoFocus
    icon.source: root.name.length > 0 ? "qrc:/qt/qml/Apertura/icons/" + root.name + ".svg" : ""
    icon.width: Theme.iconSize
    icon.height: Theme.iconSize
    icon.color: root.tint
    background: null
    Accessible.ignored: true
}
