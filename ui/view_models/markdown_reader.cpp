#include "ui/view_models/markdown_reader.h"

#include <md4c.h>
#include <optional>
#include <utility>

#include <QUrl>

#include "ui/view_models/text_direction.h"

namespace apertura {
namespace {

// Indented text is no code: in answers it is a slip or a poem far more often.
constexpr unsigned kDialect = MD_FLAG_NOHTML | MD_FLAG_TABLES | MD_FLAG_STRIKETHROUGH |
                              MD_FLAG_TASKLISTS | MD_FLAG_PERMISSIVEURLAUTOLINKS |
                              MD_FLAG_PERMISSIVEWWWAUTOLINKS | MD_FLAG_NOINDENTEDCODEBLOCKS |
                              MD_FLAG_LATEXMATHSPANS;

QString toString(const MD_ATTRIBUTE& attribute) {
    return QString::fromUtf8(attribute.text, static_cast<qsizetype>(attribute.size));
}

// The address where it may be opened, else nothing.
QString openableLink(const QString& address) {
    const QString scheme = QUrl(address, QUrl::StrictMode).scheme();
    const bool isWeb = scheme == QLatin1String("http") || scheme == QLatin1String("https");
    return isWeb ? address : QString();
}

// "&amp;" and numbers to their character; names that are not known stay as they are written.
QString entityText(const QString& entity) {
    struct Named {
        const char* name;
        char16_t character;
    };
    constexpr Named kNamed[] = {
        {"&amp;", u'&'},        {"&lt;", u'<'},         {"&gt;", u'>'},
        {"&quot;", u'"'},       {"&apos;", u'\''},      {"&nbsp;", u'\u00A0'},
        {"&ndash;", u'\u2013'}, {"&mdash;", u'\u2014'}, {"&hellip;", u'\u2026'}};
    for (const Named& named : kNamed) {
        if (entity == QLatin1String(named.name)) {
            return QString(QChar(named.character));
        }
    }
    if (!entity.startsWith(QLatin1String("&#"))) {
        return entity;
    }
    const bool isHex = entity.size() > 2 && entity[2].toLower() == u'x';
    const QString digits = entity.mid(isHex ? 3 : 2).chopped(1);
    bool ok = false;
    const uint code = digits.toUInt(&ok, isHex ? 16 : 10);
    const bool isCharacter = ok && code >= 0x20 && code <= 0x10FFFF && !QChar::isSurrogate(code);
    return isCharacter ? QString::fromUcs4(reinterpret_cast<const char32_t*>(&code), 1) : entity;
}

class Reader {
public:
    QVector<MessageBlock> read(const QString& source) {
        const QByteArray utf8 = source.toUtf8();
        MD_PARSER parser = {};
        parser.flags = kDialect;
        parser.enter_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
            static_cast<Reader*>(self)->enterBlock(type, detail);
            return 0;
        };
        parser.leave_block = [](MD_BLOCKTYPE type, void* detail, void* self) {
            static_cast<Reader*>(self)->leaveBlock(type, detail);
            return 0;
        };
        parser.enter_span = [](MD_SPANTYPE type, void* detail, void* self) {
            static_cast<Reader*>(self)->enterSpan(type, detail);
            return 0;
        };
        parser.leave_span = [](MD_SPANTYPE type, void*, void* self) {
            static_cast<Reader*>(self)->leaveSpan(type);
            return 0;
        };
        parser.text = [](MD_TEXTTYPE type, const MD_CHAR* text, MD_SIZE size, void* self) {
            static_cast<Reader*>(self)->addText(
                type, QString::fromUtf8(text, static_cast<qsizetype>(size)));
            return 0;
        };
        md_parse(utf8.constData(), static_cast<MD_SIZE>(utf8.size()), &parser, this);
        return m_blocks;
    }

private:
    struct List {
        bool ordered = false;
        int nextNumber = 0;
        QChar delimiter;
    };

    void enterBlock(MD_BLOCKTYPE type, const void* detail) {
        finishParagraph();
        switch (type) {
            case MD_BLOCK_QUOTE:
                ++m_quoteDepth;
                break;
            case MD_BLOCK_UL:
                m_lists.append(List());
                break;
            case MD_BLOCK_OL: {
                const auto* list = static_cast<const MD_BLOCK_OL_DETAIL*>(detail);
                m_lists.append(
                    List{true, static_cast<int>(list->start), QLatin1Char(list->mark_delimiter)});
                break;
            }
            case MD_BLOCK_LI:
                m_marker = itemMarker(*static_cast<const MD_BLOCK_LI_DETAIL*>(detail));
                break;
            case MD_BLOCK_HR:
                m_blocks.append(newBlock(MessageBlock::Kind::rule));
                break;
            case MD_BLOCK_H:
                m_headingLevel =
                    static_cast<int>(static_cast<const MD_BLOCK_H_DETAIL*>(detail)->level);
                break;
            case MD_BLOCK_CODE:
                m_code = newBlock(MessageBlock::Kind::code);
                m_code->language = toString(static_cast<const MD_BLOCK_CODE_DETAIL*>(detail)->lang);
                m_codeText.clear();
                break;
            case MD_BLOCK_TABLE:
                m_table = newBlock(MessageBlock::Kind::table);
                m_table->table.columns =
                    static_cast<int>(static_cast<const MD_BLOCK_TABLE_DETAIL*>(detail)->col_count);
                break;
            case MD_BLOCK_DOC:
            case MD_BLOCK_HTML:
            case MD_BLOCK_P:
            case MD_BLOCK_THEAD:
            case MD_BLOCK_TBODY:
            case MD_BLOCK_TR:
            case MD_BLOCK_TH:
            case MD_BLOCK_TD:
                break;
        }
    }

    void leaveBlock(MD_BLOCKTYPE type, const void*) {
        if (type == MD_BLOCK_TH || type == MD_BLOCK_TD) {
            finishCell(type == MD_BLOCK_TH);
            return;
        }
        finishParagraph();
        switch (type) {
            case MD_BLOCK_QUOTE:
                --m_quoteDepth;
                break;
            case MD_BLOCK_UL:
            case MD_BLOCK_OL:
                m_lists.removeLast();
                break;
            case MD_BLOCK_LI:
                if (!m_marker.isEmpty()) {  // an item without text
                    m_spans.append(TextSpan());
                    finishParagraph();
                }
                break;
            case MD_BLOCK_H:
                m_headingLevel = 0;
                break;
            case MD_BLOCK_CODE:
                finishCode();
                break;
            case MD_BLOCK_TABLE:
                m_blocks.append(*m_table);
                m_table.reset();
                break;
            default:
                break;
        }
    }

    void enterSpan(MD_SPANTYPE type, const void* detail) {
        m_styles.append(m_style);
        switch (type) {
            case MD_SPAN_EM:
                m_style.italic = true;
                break;
            case MD_SPAN_STRONG:
                m_style.bold = true;
                break;
            case MD_SPAN_DEL:
                m_style.struck = true;
                break;
            case MD_SPAN_CODE:
                m_style.code = true;
                break;
            case MD_SPAN_LATEXMATH:
            case MD_SPAN_LATEXMATH_DISPLAY:
                m_style.code = true;
                addSpan(mathMark(type));
                break;
            case MD_SPAN_A:
                beginLink(toString(static_cast<const MD_SPAN_A_DETAIL*>(detail)->href));
                break;
            case MD_SPAN_IMG:
                beginLink(toString(static_cast<const MD_SPAN_IMG_DETAIL*>(detail)->src));
                break;
            case MD_SPAN_WIKILINK:
            case MD_SPAN_U:
                break;
        }
    }

    void leaveSpan(MD_SPANTYPE type) {
        if (type == MD_SPAN_LATEXMATH || type == MD_SPAN_LATEXMATH_DISPLAY) {
            addSpan(mathMark(type));
        }
        // An image is never loaded, and what is no web address cannot be opened: both are written
        // out.
        const bool isLink = type == MD_SPAN_A || type == MD_SPAN_IMG;
        if (isLink && (type == MD_SPAN_IMG || m_style.link.isEmpty())) {
            addSpan(QStringLiteral(" (%1)").arg(m_address));
        }
        m_style = m_styles.takeLast();
    }

    void addText(MD_TEXTTYPE type, const QString& text) {
        switch (type) {
            case MD_TEXT_NULLCHAR:
                addSpan(QString(QChar::ReplacementCharacter));
                break;
            case MD_TEXT_BR:
            case MD_TEXT_SOFTBR:
                // A single line end of an answer is kept: verses and addresses have them.
                addSpan(QString(QChar::LineSeparator));
                break;
            case MD_TEXT_ENTITY:
                addSpan(entityText(text));
                break;
            case MD_TEXT_CODE:
                if (m_code) {
                    m_codeText += text;
                    break;
                }
                [[fallthrough]];
            case MD_TEXT_NORMAL:
            case MD_TEXT_HTML:
            case MD_TEXT_LATEXMATH:
                addSpan(text);
                break;
        }
    }

    static QString mathMark(MD_SPANTYPE type) {
        return type == MD_SPAN_LATEXMATH ? QStringLiteral("$") : QStringLiteral("$$");
    }

    void beginLink(const QString& address) {
        m_address = address;
        m_style.link = openableLink(address);
    }

    void addSpan(const QString& text) {
        if (!m_spans.isEmpty() && m_spans.last().isSameStyle(m_style)) {
            m_spans.last().text += text;
            return;
        }
        m_spans.append(m_style);
        m_spans.last().text = text;
    }

    QString itemMarker(const MD_BLOCK_LI_DETAIL& item) {
        List& list = m_lists.last();
        if (item.is_task) {
            return item.task_mark == ' ' ? QStringLiteral("☐") : QStringLiteral("☑");
        }
        if (list.ordered) {
            return QString::number(list.nextNumber++) + list.delimiter;
        }
        return m_lists.size() % 2 == 1 ? QStringLiteral("•") : QStringLiteral("◦");
    }

    MessageBlock newBlock(MessageBlock::Kind kind) const {
        MessageBlock block;
        block.kind = kind;
        block.quoteDepth = m_quoteDepth;
        block.listDepth = static_cast<int>(m_lists.size());
        return block;
    }

    void finishParagraph() {
        if (m_spans.isEmpty() || m_table) {
            return;
        }
        TextParagraph paragraph;
        paragraph.listDepth = static_cast<int>(m_lists.size());
        paragraph.headingLevel = m_headingLevel;
        paragraph.kind = m_headingLevel > 0  ? TextParagraph::Kind::heading
                         : m_lists.isEmpty() ? TextParagraph::Kind::plain
                                             : TextParagraph::Kind::listItem;
        paragraph.marker = std::exchange(m_marker, QString());
        paragraph.rightToLeft = isRightToLeft(m_spans);
        paragraph.spans = std::exchange(m_spans, {});
        MessageBlock block = newBlock(MessageBlock::Kind::text);
        block.listDepth = 0;  // each paragraph has its own
        block.run.paragraphs.append(paragraph);
        m_blocks.append(block);
    }

    void finishCell(bool isHeader) {
        TextParagraph paragraph;
        paragraph.kind = TextParagraph::Kind::line;
        paragraph.rightToLeft = isRightToLeft(m_spans);
        paragraph.spans = std::exchange(m_spans, {});
        for (TextSpan& span : paragraph.spans) {
            span.bold = span.bold || isHeader;
        }
        TableCell cell;
        cell.isHeader = isHeader;
        cell.run.paragraphs.append(paragraph);
        m_table->table.cells.append(cell);
    }

    void finishCode() {
        if (m_codeText.endsWith(u'\n')) {
            m_codeText.chop(1);
        }
        for (const QString& line : m_codeText.split(u'\n')) {
            TextParagraph paragraph;
            paragraph.kind = TextParagraph::Kind::line;
            paragraph.spans.append(TextSpan(line));
            paragraph.spans.last().code = true;
            m_code->run.paragraphs.append(paragraph);
        }
        m_blocks.append(*m_code);
        m_code.reset();
    }

    QVector<MessageBlock> m_blocks;
    int m_quoteDepth = 0;
    int m_headingLevel = 0;
    QVector<List> m_lists;
    QString m_marker;  // of the list item whose first paragraph is still to come
    QVector<TextSpan> m_spans;
    TextSpan m_style;  // its text stays empty
    QVector<TextSpan> m_styles;
    QString m_address;
    std::optional<MessageBlock> m_code;
    QString m_codeText;
    std::optional<MessageBlock> m_table;
};

}  // namespace

QVector<MessageBlock> readMarkdown(const QString& source) {
    return Reader().read(source);
}

}  // namespace apertura
