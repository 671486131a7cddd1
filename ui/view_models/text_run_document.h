// Writes a TextRun into the document of a TextEdit: character by character, never through an HTML
// or Markdown reader, so nothing in the text can load, run or hide anything. A run that grows is
// appended to; what is already there is not laid out again.
#pragma once

#include <QColor>
#include <QPointer>
#include <QQuickTextDocument>
#include <QString>
#include <QTextBlockFormat>
#include <QTextCharFormat>
#include <QtQml/qqmlregistration.h>

#include "ui/view_models/text_run.h"

class QTextCursor;

namespace apertura {

class TextRunDocument : public QObject {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(QQuickTextDocument* document READ document WRITE setDocument NOTIFY documentChanged)
    Q_PROPERTY(apertura::TextRun run READ run WRITE setRun NOTIFY runChanged)
    // The characters of the run, a line per paragraph.
    Q_PROPERTY(QString plainText READ plainText NOTIFY runChanged)
    Q_PROPERTY(qreal pixelSize MEMBER m_pixelSize NOTIFY styleChanged)
    // Of a line, as a multiple of pixelSize; taller scripts get what they need.
    Q_PROPERTY(qreal lineHeight MEMBER m_lineHeight NOTIFY styleChanged)
    Q_PROPERTY(QString codeFamily MEMBER m_codeFamily NOTIFY styleChanged)
    // Behind code inside text; transparent where the whole run is code.
    Q_PROPERTY(QColor codeColor MEMBER m_codeColor NOTIFY styleChanged)
    Q_PROPERTY(QColor linkColor MEMBER m_linkColor NOTIFY styleChanged)
    Q_PROPERTY(QColor textColor MEMBER m_textColor NOTIFY styleChanged)

public:
    explicit TextRunDocument(QObject* parent = nullptr);

    QQuickTextDocument* document() const { return m_document; }
    void setDocument(QQuickTextDocument* document);
    TextRun run() const { return m_run; }
    void setRun(const TextRun& run);
    QString plainText() const { return m_run.plainText(); }

Q_SIGNALS:
    void documentChanged();
    void runChanged();
    void styleChanged();

private:
    // Where the old and the new run first differ.
    struct Difference {
        qsizetype paragraph = 0;
        qsizetype span = 0;    // of that paragraph; 0 with offset 0 = all of it is new
        qsizetype offset = 0;  // characters of that span which stay
    };

    void rewrite();
    void writeFrom(const Difference& from);
    static Difference difference(const TextRun& before, const TextRun& after);
    // `previous` is null for the first paragraph of the document.
    void insertParagraph(QTextCursor& cursor, const TextParagraph& paragraph,
                         const TextParagraph* previous) const;
    void insertSpan(QTextCursor& cursor, const TextParagraph& paragraph, const TextSpan& span,
                    const QString& text) const;
    QTextBlockFormat blockFormat(const TextParagraph& paragraph,
                                 const TextParagraph* previous) const;
    QTextCharFormat spanFormat(const TextParagraph& paragraph, const TextSpan& span) const;
    qreal headingSize(int level) const;

    QPointer<QQuickTextDocument> m_document;
    TextRun m_run;
    qreal m_pixelSize = 14;
    qreal m_lineHeight = 1.5;
    QString m_codeFamily;
    QColor m_codeColor = Qt::transparent;
    QColor m_linkColor;
    QColor m_textColor;
};

}  // namespace apertura
