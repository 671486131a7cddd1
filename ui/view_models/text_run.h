// Formatted text as the window draws it: paragraphs of spans. Made by MarkdownText, shown by
// TextRunDocument; nothing in between interprets markup again.
#pragma once

#include <QObject>
#include <QString>
#include <QVector>
#include <QtQml/qqmlregistration.h>

namespace apertura {

// A stretch of text in one style.
struct TextSpan {
    explicit TextSpan(const QString& content = QString()) : text(content) {}

    QString text;
    bool bold = false;
    bool italic = false;
    bool struck = false;
    bool code = false;  // monospace; does not count for the direction
    QString link;       // http or https; empty = none

    bool operator==(const TextSpan&) const = default;
    bool isSameStyle(const TextSpan& other) const {
        return bold == other.bold && italic == other.italic && struck == other.struck &&
               code == other.code && link == other.link;
    }
};

struct TextParagraph {
    enum class Kind { plain, line, heading, listItem };

    Kind kind = Kind::plain;  // `line`: no space to the next one (code, lines of a user's message)
    int headingLevel = 0;     // 1 to 6 where kind is `heading`
    int listDepth = 0;        // 0 outside lists; nested lists count up
    QString marker;           // of the first paragraph of a list item: "•", "3."; else empty
    bool rightToLeft = false;
    QVector<TextSpan> spans;

    bool operator==(const TextParagraph&) const = default;
};

// A value that QML hands from model to view; only C++ looks inside.
class TextRun {
    Q_GADGET
    QML_VALUE_TYPE(textRun)

public:
    QVector<TextParagraph> paragraphs;

    bool operator==(const TextRun&) const = default;
    // The characters alone, a line per paragraph.
    QString plainText() const;
};

}  // namespace apertura
