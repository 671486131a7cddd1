#include "ui/view_models/text_run_document.h"

#include <algorithm>

#include <QFontMetricsF>
#include <QTextBlock>
#include <QTextCursor>
#include <QTextDocument>

namespace apertura {
namespace {

// All in multiples of the text size.
constexpr qreal kParagraphGap = 0.75;
constexpr qreal kListItemGap = 0.25;
constexpr qreal kHeadingGapAbove = 1.25;
constexpr qreal kHeadingGapBelow = 0.5;
constexpr qreal kListIndent = 1.75;
constexpr qreal kHeadingSizes[] = {1.45, 1.25, 1.12, 1.0, 1.0, 1.0};

QString markerText(const TextParagraph& paragraph) {
    // No-break spaces: a tab stands at the wrong place in right-to-left lines.
    return paragraph.marker.isEmpty() ? QString()
                                      : paragraph.marker + QStringLiteral("\u00A0\u00A0");
}

qreal gapBetween(const TextParagraph& above, const TextParagraph& below) {
    switch (below.kind) {
        case TextParagraph::Kind::line:
            return 0;
        case TextParagraph::Kind::heading:
            return above.kind == TextParagraph::Kind::heading ? kHeadingGapBelow : kHeadingGapAbove;
        case TextParagraph::Kind::listItem:
            if (above.kind == TextParagraph::Kind::listItem) {
                return kListItemGap;
            }
            return kHeadingGapBelow;
        case TextParagraph::Kind::plain:
            break;
    }
    return above.kind == TextParagraph::Kind::heading ? kHeadingGapBelow : kParagraphGap;
}

bool isSameShape(const TextParagraph& a, const TextParagraph& b) {
    return a.kind == b.kind && a.headingLevel == b.headingLevel && a.listDepth == b.listDepth &&
           a.marker == b.marker && a.rightToLeft == b.rightToLeft;
}

}  // namespace

TextRunDocument::TextRunDocument(QObject* parent) : QObject(parent) {
    connect(this, &TextRunDocument::styleChanged, this, &TextRunDocument::rewrite);
}

void TextRunDocument::setDocument(QQuickTextDocument* document) {
    if (m_document == document) {
        return;
    }
    m_document = document;
    Q_EMIT documentChanged();
    rewrite();
}

void TextRunDocument::setRun(const TextRun& run) {
    if (m_run == run) {
        return;
    }
    const Difference from = difference(m_run, run);
    m_run = run;
    writeFrom(from);
    Q_EMIT runChanged();
}

void TextRunDocument::rewrite() {
    writeFrom(Difference());
}

TextRunDocument::Difference TextRunDocument::difference(const TextRun& before,
                                                        const TextRun& after) {
    Difference at;
    const qsizetype common = std::min(before.paragraphs.size(), after.paragraphs.size());
    while (at.paragraph < common &&
           before.paragraphs[at.paragraph] == after.paragraphs[at.paragraph]) {
        ++at.paragraph;
    }
    if (at.paragraph == common ||
        !isSameShape(before.paragraphs[at.paragraph], after.paragraphs[at.paragraph])) {
        return at;
    }
    const QVector<TextSpan>& old = before.paragraphs[at.paragraph].spans;
    const QVector<TextSpan>& fresh = after.paragraphs[at.paragraph].spans;
    while (at.span < old.size() && at.span < fresh.size() && old[at.span] == fresh[at.span]) {
        ++at.span;
    }
    if (at.span < old.size() && at.span < fresh.size() &&
        old[at.span].isSameStyle(fresh[at.span]) &&
        fresh[at.span].text.startsWith(old[at.span].text)) {
        at.offset = old[at.span].text.size();
    }
    return at;
}

void TextRunDocument::writeFrom(const Difference& from) {
    if (!m_document) {
        return;
    }
    QTextDocument* document = m_document->textDocument();
    document->setUndoRedoEnabled(false);
    QTextCursor cursor(document);
    // One edit block: without it the whole document is laid out again for every insertion.
    cursor.beginEditBlock();
    qsizetype next = from.paragraph;
    const bool goesOn = next < m_run.paragraphs.size() && (from.span > 0 || from.offset > 0);
    if (goesOn) {
        const TextParagraph& paragraph = m_run.paragraphs[next];
        qsizetype kept = markerText(paragraph).size() + from.offset;
        for (qsizetype i = 0; i < from.span; ++i) {
            kept += paragraph.spans[i].text.size();
        }
        const QTextBlock block = document->findBlockByNumber(static_cast<int>(next));
        cursor.setPosition(block.position() + static_cast<int>(kept));
        cursor.movePosition(QTextCursor::End, QTextCursor::KeepAnchor);
        cursor.removeSelectedText();
        for (qsizetype i = from.span; i < paragraph.spans.size(); ++i) {
            const TextSpan& span = paragraph.spans[i];
            insertSpan(cursor, paragraph, span,
                       i == from.span ? span.text.mid(from.offset) : span.text);
        }
        ++next;
    } else if (next == 0) {
        cursor.select(QTextCursor::Document);
        cursor.removeSelectedText();
    } else {
        const QTextBlock last = document->findBlockByNumber(static_cast<int>(next) - 1);
        cursor.setPosition(last.position() + last.length() - 1);
        cursor.movePosition(QTextCursor::End, QTextCursor::KeepAnchor);
        cursor.removeSelectedText();
    }
    for (; next < m_run.paragraphs.size(); ++next) {
        insertParagraph(cursor, m_run.paragraphs[next],
                        next > 0 ? &m_run.paragraphs[next - 1] : nullptr);
    }
    cursor.endEditBlock();
}

void TextRunDocument::insertParagraph(QTextCursor& cursor, const TextParagraph& paragraph,
                                      const TextParagraph* previous) const {
    const QTextCharFormat plain = spanFormat(paragraph, TextSpan());
    if (previous) {
        cursor.insertBlock(blockFormat(paragraph, previous), plain);
    } else {
        cursor.setBlockFormat(blockFormat(paragraph, previous));
        cursor.setBlockCharFormat(plain);
    }
    if (const QString marker = markerText(paragraph); !marker.isEmpty()) {
        cursor.insertText(marker, plain);
    }
    for (const TextSpan& span : paragraph.spans) {
        insertSpan(cursor, paragraph, span, span.text);
    }
}

void TextRunDocument::insertSpan(QTextCursor& cursor, const TextParagraph& paragraph,
                                 const TextSpan& span, const QString& text) const {
    // U+2029 would begin a block that the run does not know.
    QString line = text;
    line.replace(QChar::ParagraphSeparator, QChar::LineSeparator);
    line.replace(u'\n', QChar::LineSeparator);
    line.replace(u'\r', u' ');
    // An object character would be drawn as an image.
    line.replace(QChar::ObjectReplacementCharacter, QChar::ReplacementCharacter);
    cursor.insertText(line, spanFormat(paragraph, span));
}

QTextBlockFormat TextRunDocument::blockFormat(const TextParagraph& paragraph,
                                              const TextParagraph* previous) const {
    QTextBlockFormat format;
    format.setLayoutDirection(paragraph.rightToLeft ? Qt::RightToLeft : Qt::LeftToRight);
    format.setAlignment((paragraph.rightToLeft ? Qt::AlignRight : Qt::AlignLeft) |
                        Qt::AlignAbsolute);
    const qreal size = headingSize(paragraph.headingLevel);
    format.setLineHeight(size * m_lineHeight, QTextBlockFormat::MinimumHeight);
    format.setTopMargin(previous ? m_pixelSize * gapBetween(*previous, paragraph) : 0);
    if (paragraph.listDepth == 0) {
        return format;
    }
    const qreal indent = m_pixelSize * kListIndent;
    const qreal margin = indent * paragraph.listDepth;
    if (paragraph.rightToLeft) {
        format.setRightMargin(margin);
    } else {
        format.setLeftMargin(margin);
    }
    // The marker hangs before the text, so that texts of an item and of its neighbours align.
    QFont font = m_document->textDocument()->defaultFont();
    font.setPixelSize(qRound(m_pixelSize));
    format.setTextIndent(-QFontMetricsF(font).horizontalAdvance(markerText(paragraph)));
    return format;
}

QTextCharFormat TextRunDocument::spanFormat(const TextParagraph& paragraph,
                                            const TextSpan& span) const {
    QTextCharFormat format;
    format.setProperty(QTextFormat::FontPixelSize,
                       qRound(headingSize(paragraph.headingLevel) * (span.code ? 0.95 : 1.0)));
    const bool isHeading = paragraph.kind == TextParagraph::Kind::heading;
    format.setFontWeight(span.bold || isHeading ? QFont::DemiBold : QFont::Normal);
    format.setFontItalic(span.italic);
    format.setFontStrikeOut(span.struck);
    format.setForeground(m_textColor);
    if (span.code) {
        format.setFontFamilies(QStringList(m_codeFamily));
        format.setFontFixedPitch(true);
        if (m_codeColor.alpha() > 0) {
            format.setBackground(m_codeColor);
        }
    }
    if (!span.link.isEmpty()) {
        format.setAnchor(true);
        format.setAnchorHref(span.link);
        format.setFontUnderline(true);
        format.setForeground(m_linkColor);
    }
    return format;
}

qreal TextRunDocument::headingSize(int level) const {
    return level == 0 ? m_pixelSize : m_pixelSize * kHeadingSizes[std::clamp(level, 1, 6) - 1];
}

}  // namespace apertura
