import QtQuick
import QtQuick.Controls.Basic
import QtQuick.Layouts
import Apertura

// The window: conversations, the chat, the side panel, the status bar.
ApplicationWindow {
    id: root

    required property ChatViewModel viewModel
    readonly property bool narrow: width < Theme.narrowWidth
    readonly property bool wide: width >= Theme.wideWidth
    readonly property WindowState panels: viewModel.window
    readonly property int leftPanelWidth: Math.round(panels.leftPanelWidth * Theme.panelScale)

    x: panels.geometry.x
    y: panels.geometry.y
    width: panels.geometry.width
    height: panels.geometry.height
    minimumWidth: 640
    minimumHeight: 480
    visible: true
    visibility: panels.maximized ? Window.Maximized : Window.Windowed
    title: viewModel.title + " – Apertura"
    color: Theme.window
    font.pixelSize: Math.round(Theme.textSize)
    LayoutMirroring.enabled: viewModel.theme.rightToLeft
    LayoutMirroring.childrenInherit: true
    palette.toolTipBase: Theme.raised
    palette.toolTipText: Theme.text
    onClosing: root.viewModel.close(Qt.rect(root.x, root.y, root.width, root.height),
                                    root.visibility === Window.Maximized)

    Binding { target: Theme; property: "dark"; value: root.viewModel.theme.dark }
    Binding { target: Theme; property: "scale"; value: root.viewModel.theme.textScale }
    Binding { target: Theme; property: "systemTextSize"; value: root.viewModel.theme.systemTextSize }
    Binding { target: Theme; property: "reducedMotion"; value: root.viewModel.theme.reducedMotion }
    Binding { target: Theme; property: "codeFamily"; value: root.viewModel.theme.codeFamily }

    WindowShortcuts {
        viewModel: root.viewModel
        onLeftPanelToggled: root.narrow ? leftDrawer.open() : root.panels.leftPanelOpen = !root.panels.leftPanelOpen
        onRightPanelToggled: root.wide ? root.panels.rightPanelOpen = !root.panels.rightPanelOpen : rightDrawer.open()
        onComposerWanted: chat.focusComposer()
        onFollowWanted: chat.follow()
    }

    ColumnLayout {
        anchors.fill: parent
        spacing: 0

        RowLayout {
            Layout.fillWidth: true
            Layout.fillHeight: true
            spacing: 0

            ConversationPanel {
                objectName: "leftPanel"
                Layout.fillHeight: true
                Layout.preferredWidth: root.leftPanelWidth
                visible: !root.narrow && root.panels.leftPanelOpen
                viewModel: root.viewModel
                onConversationChosen: chat.focusComposer()

                PanelEdge {
                    panels: root.panels
                    mirrored: root.viewModel.theme.rightToLeft
                }
            }

            ChatColumn {
                id: chat

                Layout.fillWidth: true
                Layout.fillHeight: true
                viewModel: root.viewModel
                sidePanelShown: root.wide && root.panels.rightPanelOpen
                onLeftPanelToggled: root.narrow ? leftDrawer.open() : root.panels.leftPanelOpen = !root.panels.leftPanelOpen
                onRightPanelToggled: root.wide ? root.panels.rightPanelOpen = !root.panels.rightPanelOpen : rightDrawer.open()
            }

            SidePanel {
                objectName: "rightPanel"
                Layout.fillHeight: true
                Layout.preferredWidth: Theme.rightPanelWidth
                visible: root.wide && root.panels.rightPanelOpen
                viewModel: root.viewModel
            }
        }

        StatusBar {
            Layout.fillWidth: true
            status: root.viewModel.status
        }
    }

    PanelDrawer {
        id: leftDrawer

        edge: root.viewModel.theme.rightToLeft ? Qt.RightEdge : Qt.LeftEdge
        width: root.leftPanelWidth
        available: root.narrow

        ConversationPanel {
            anchors.fill: parent
            viewModel: root.viewModel
            onConversationChosen: { leftDrawer.close(); chat.focusComposer() }
        }
    }

    PanelDrawer {
        id: rightDrawer

        edge: root.viewModel.theme.rightToLeft ? Qt.LeftEdge : Qt.RightEdge
        width: Theme.rightPanelWidth
        available: !root.wide

        SidePanel {
            anchors.fill: parent
            viewModel: root.viewModel
        }
    }

    LinkPopup {
        link: root.viewModel.link
    }
}
