#include "ui/view_models/markdown_text.h"

#include "ui/view_models/markdown_parts.h"
#include "ui/view_models/markdown_reader.h"
#include "ui/view_models/text_direction.h"

namespace apertura {
namespace {

// Consecutive text is one block, so that a reader can select across paragraphs, but only up to this
// many of them: the layout of one block stays cheap while its end grows.
constexpr qsizetype kMaxParagraphsPerBlock = 24;

void appendBlock(QVector<MessageBlock>& blocks, const MessageBlock& block) {
    const bool joins = !blocks.isEmpty() && block.kind == MessageBlock::Kind::text &&
                       blocks.last().kind == MessageBlock::Kind::text &&
                       blocks.last().quoteDepth == block.quoteDepth &&
                       blocks.last().run.paragraphs.size() < kMaxParagraphsPerBlock;
    if (joins) {
        blocks.last().run.paragraphs += block.run.paragraphs;
    } else {
        blocks.append(block);
    }
}

}  // namespace

QVector<MessageBlock> markdownBlocks(const QString& text) {
    return MarkdownStream().blocks(text);
}

QVector<MessageBlock> plainTextBlocks(const QString& text) {
    MessageBlock block;
    for (const QString& line : text.split(u'\n')) {
        TextParagraph paragraph;
        paragraph.kind = TextParagraph::Kind::line;
        paragraph.rightToLeft = isRightToLeft(line);
        paragraph.spans.append(TextSpan(line));
        block.run.paragraphs.append(paragraph);
    }
    return {block};
}

QVector<MessageBlock> MarkdownStream::blocks(const QString& text) {
    const QStringList sources = markdownParts(text);
    m_parts.resize(sources.size());
    QVector<MessageBlock> all;
    for (qsizetype i = 0; i < sources.size(); ++i) {
        Part& part = m_parts[i];
        if (part.source != sources[i]) {
            part.source = sources[i];
            part.blocks = readMarkdown(part.source);
            ++m_parsedParts;
        }
        for (const MessageBlock& block : std::as_const(part.blocks)) {
            appendBlock(all, block);
        }
    }
    return all;
}

}  // namespace apertura
