#include "ui/view_models/markdown_parts.h"

#include <QStringView>

namespace apertura {
namespace {

qsizetype runLength(QStringView text, QChar character) {
    qsizetype length = 0;
    while (length < text.size() && text[length] == character) {
        ++length;
    }
    return length;
}

bool isListItem(QStringView line) {
    if (line.startsWith(u'-') || line.startsWith(u'*') || line.startsWith(u'+')) {
        return line.size() == 1 || line[1].isSpace();
    }
    qsizetype digits = 0;
    while (digits < line.size() && line[digits].isDigit()) {
        ++digits;
    }
    return digits > 0 && digits < line.size() && (line[digits] == u'.' || line[digits] == u')');
}

bool isReferenceDefinition(QStringView line) {
    const qsizetype end = line.indexOf(u']');
    return line.startsWith(u'[') && end > 0 && end + 1 < line.size() && line[end + 1] == u':';
}

// Reads lines in order and knows whether the next one may begin a part.
class PartFinder {
public:
    // Whether `line` begins a fresh top-level block.
    bool beginsPart(QStringView line) {
        const QStringView content = line.trimmed();
        if (isInFence()) {
            closeFence(content);
            return false;
        }
        if (content.isEmpty()) {
            m_afterBlank = true;
            return false;
        }
        const bool fresh =
            m_afterBlank && !line.front().isSpace() && !(m_partIsList && isListItem(content));
        if (fresh || !m_started) {
            m_partIsList = isListItem(content);
        }
        m_started = true;
        m_afterBlank = false;
        openFence(content);
        return fresh;
    }
    bool isInFence() const { return m_fenceLength > 0; }

private:
    void openFence(QStringView content) {
        for (const QChar mark : {QChar(u'`'), QChar(u'~')}) {
            const qsizetype length = runLength(content, mark);
            if (length >= 3 && !(mark == u'`' && content.mid(length).contains(mark))) {
                m_fence = mark;
                m_fenceLength = length;
            }
        }
    }
    void closeFence(QStringView content) {
        const qsizetype length = runLength(content, m_fence);
        if (length >= m_fenceLength && length == content.size()) {
            m_fenceLength = 0;
        }
    }

    QChar m_fence;
    qsizetype m_fenceLength = 0;
    bool m_started = false;
    bool m_afterBlank = false;
    bool m_partIsList = false;
};

}  // namespace

QStringList markdownParts(const QString& text) {
    QStringList parts(QString{});
    PartFinder finder;
    qsizetype begin = 0;
    while (begin < text.size()) {
        const qsizetype newline = text.indexOf(u'\n', begin);
        const qsizetype end = newline < 0 ? text.size() : newline + 1;
        const QStringView line = QStringView(text).sliced(begin, end - begin);
        const bool inFence = finder.isInFence();
        if (finder.beginsPart(line)) {
            parts.append(QString());
        }
        const QStringView content = line.trimmed();
        if (!inFence && isReferenceDefinition(content)) {
            const qsizetype indent = content.begin() - line.begin();
            parts.last() += line.first(indent);
            parts.last() += u'\\';
            parts.last() += line.sliced(indent);
        } else {
            parts.last() += line;
        }
        begin = end;
    }
    return parts;
}

}  // namespace apertura
