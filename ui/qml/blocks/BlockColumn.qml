pragma ComponentBehavior: Bound

import QtQuick
import Qt.labs.qmlmodels
import Apertura

// The blocks of a message, one below the other.
Column {
    id: root

    required property BlockModel blocks

    signal linkWanted(string address)
    signal copyWanted(string text)

    spacing: Theme.space3
    Component.onCompleted: root.forceLayout() // rows of a list are placed by the height they are made with

    Repeater {
        model: root.blocks
        delegate: DelegateChooser {
            role: "kind"

            DelegateChoice {
                roleValue: BlockModel.Text

                BlockFrame {
                    id: textFrame

                    required property textRun run

                    width: root.width
                    listDepth: 0

                    TextBlock {
                        width: parent.width
                        run: textFrame.run
                        onLinkWanted: address => root.linkWanted(address)
                    }
                }
            }
            DelegateChoice {
                roleValue: BlockModel.Code

                BlockFrame {
                    id: codeFrame

                    required property textRun run
                    required property string language

                    width: root.width

                    CodeBlock {
                        width: parent.width
                        run: codeFrame.run
                        language: codeFrame.language
                        onCopyWanted: text => root.copyWanted(text)
                    }
                }
            }
            DelegateChoice {
                roleValue: BlockModel.Table

                BlockFrame {
                    id: tableFrame

                    required property tableContent table

                    width: root.width

                    TableBlock {
                        width: parent.width
                        table: tableFrame.table
                        rightToLeft: tableFrame.rightToLeft
                        onLinkWanted: address => root.linkWanted(address)
                    }
                }
            }
            DelegateChoice {
                roleValue: BlockModel.Rule

                BlockFrame {
                    width: root.width

                    RuleBlock {
                        width: parent.width
                    }
                }
            }
        }
    }
}
