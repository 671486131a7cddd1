// A model's answer, split into the blocks it is drawn as. Markdown is CommonMark with GitHub's
// tables, task lists and strikethrough, parsed by md4c. HTML is not a part of it: tags stay visible
// as the text they are. Images are never loaded: they become a link with its address written out.
#pragma once

#include <QString>
#include <QStringView>
#include <QVector>

#include "ui/view_models/message_block.h"

namespace apertura {

QVector<MessageBlock> markdownBlocks(const QString& text);
// For what a person typed: lines as they are, nothing interpreted.
QVector<MessageBlock> plainTextBlocks(const QString& text);

// The same as markdownBlocks for a text that grows: parts that did not change since the last call
// are not parsed again.
class MarkdownStream {
public:
    QVector<MessageBlock> blocks(const QString& text);
    // Parts parsed so far, over all calls; for the tests of the claim above.
    int parsedParts() const { return m_parsedParts; }

private:
    struct Part {
        QString source;
        QVector<MessageBlock> blocks;
    };

    QVector<Part> m_parts;
    int m_parsedParts = 0;
};

}  // namespace apertura
