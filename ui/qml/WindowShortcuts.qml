import QtQuick
import Apertura

// The keys of the whole window.
Item {
    id: root

    required property ChatViewModel viewModel

    signal leftPanelToggled
    signal rightPanelToggled
    signal composerWanted
    signal followWanted

    Shortcut { sequence: "Ctrl+N"; onActivated: root.viewModel.newConversation() }
    Shortcut { sequence: "Esc"; enabled: root.viewModel.answering; onActivated: root.viewModel.stop() }
    Shortcut { sequence: "Esc"; enabled: !root.viewModel.answering; onActivated: root.composerWanted() }
    Shortcut { sequence: "Ctrl+B"; onActivated: root.leftPanelToggled() }
    Shortcut { sequence: "Ctrl+Shift+M"; onActivated: root.rightPanelToggled() }
    Shortcut { sequence: "Ctrl+R"; onActivated: root.viewModel.regenerateLast() }
    Shortcut { sequence: "Ctrl+Shift+C"; onActivated: root.viewModel.copyLastAnswer() }
    Shortcut { sequence: "Ctrl+PgUp"; onActivated: root.viewModel.openNeighbour(-1) }
    Shortcut { sequence: "Ctrl+PgDown"; onActivated: root.viewModel.openNeighbour(1) }
    Shortcut { sequences: ["Ctrl++", "Ctrl+="]; onActivated: root.viewModel.theme.changeTextScale(1) }
    Shortcut { sequence: "Ctrl+-"; onActivated: root.viewModel.theme.changeTextScale(-1) }
    Shortcut { sequence: "Ctrl+0"; onActivated: root.viewModel.theme.resetTextScale() }
    Shortcut { sequence: "Ctrl+Down"; onActivated: root.followWanted() }
    Shortcut { sequence: "Ctrl+Q"; onActivated: root.Window.window.close() }
}
