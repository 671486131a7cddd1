#include "ui/view_models/paragraph_direction.h"

#include <algorithm>
#include <utility>

#include <QQuickTextDocument>
#include <QScopedValueRollback>
#include <QTextCursor>
#include <QTextDocument>
#include <QTextLayout>

#include "ui/view_models/text_direction.h"

namespace apertura {
namespace {

constexpr qsizetype kFenceLength = 3;     // at least so many marks fence code
constexpr qsizetype kGreatestIndent = 3;  // of a fence; beyond it is none

qsizetype runLength(const QString& text, qsizetype at) {
    qsizetype end = at;
    while (end < text.size() && text[end] == text[at]) {
        ++end;
    }
    return end - at;
}

// Which lines are fenced code, line after line from the first one on, as Markdown has it.
class Fence {
public:
    // Whether `line` is code, or opens or closes it.
    bool takes(const QString& line) {
        const qsizetype start =
            std::find_if(line.begin(), line.end(), [](QChar c) { return c != u' '; }) -
            line.begin();
        const QChar mark = start < line.size() ? line[start] : QChar();
        const bool isMark = (mark == u'`' || mark == u'~') && start <= kGreatestIndent;
        const qsizetype length = isMark ? runLength(line, start) : 0;
        const QString rest = line.mid(start + length);
        if (m_length == 0) {
            const bool opens = length >= kFenceLength && !(mark == u'`' && rest.contains(u'`'));
            if (opens) {
                m_mark = mark;
                m_length = length;
            }
            return opens;
        }
        if (mark == m_mark && length >= m_length && rest.trimmed().isEmpty()) {
            m_length = 0;
        }
        return true;
    }

private:
    QChar m_mark;
    qsizetype m_length = 0;  // of the marks that opened it; 0 = outside
};

// `line` with what stands between backticks apart.
QVector<TextSpan> spansOf(const QString& line) {
    QVector<TextSpan> spans;
    const auto add = [&](qsizetype from, qsizetype to, bool isCode) {
        TextSpan span;
        span.text = line.mid(from, to - from);
        span.code = isCode;
        spans.append(span);
    };
    qsizetype done = 0;
    qsizetype open = line.indexOf(u'`');
    while (open >= 0) {
        const qsizetype length = runLength(line, open);
        qsizetype close = line.indexOf(u'`', open + length);
        while (close >= 0 && runLength(line, close) != length) {
            close = line.indexOf(u'`', close + runLength(line, close));
        }
        if (close < 0) {  // these backticks are no code; others after them may be
            open = line.indexOf(u'`', open + length);
            continue;
        }
        add(done, open, false);
        add(open, close + length, true);
        done = close + length;
        open = line.indexOf(u'`', done);
    }
    add(done, line.size(), false);
    return spans;
}

}  // namespace

void ParagraphDirection::setField(QQuickItem* field) {
    if (m_field == field) {
        return;
    }
    if (m_text) {
        m_text->disconnect(this);
    }
    m_field = field;
    const auto* document =
        field ? field->property("textDocument").value<QQuickTextDocument*>() : nullptr;
    m_text = document ? document->textDocument() : nullptr;
    if (m_text) {
        connect(m_text, &QTextDocument::contentsChanged, this, &ParagraphDirection::update);
        update();
    }
    Q_EMIT fieldChanged();
}

void ParagraphDirection::update() {
    if (m_isApplying) {
        return;
    }
    const int stepsBefore = std::exchange(m_undoSteps, m_text->availableUndoSteps());
    const QVector<Change> changes = pendingChanges();
    if (changes.isEmpty()) {
        return;
    }
    if (!m_text->isRedoAvailable()) {
        apply(changes);
        m_undoSteps = m_text->availableUndoSteps();
        return;
    }
    // An undo or a redo has stopped between a typed character and the change of direction that it
    // made: Qt joins other edits with what follows them, but not that. Once the field has put its
    // cursor in place, it goes on.
    const char* step = m_undoSteps < stepsBefore ? "undo" : "redo";
    QMetaObject::invokeMethod(
        this, [this, step] { goOn(step); }, Qt::QueuedConnection);
}

void ParagraphDirection::goOn(const char* step) {
    if (m_text && m_text->isRedoAvailable() && !pendingChanges().isEmpty()) {
        QMetaObject::invokeMethod(m_field, step);
    }
}

QVector<ParagraphDirection::Change> ParagraphDirection::pendingChanges() const {
    QVector<Change> changes;
    Fence fence;
    // A paragraph that says nothing goes as the one above it does; the first one as the keyboard.
    Qt::LayoutDirection inherited = Qt::LayoutDirectionAuto;
    for (QTextBlock block = m_text->begin(); block.isValid(); block = block.next()) {
        if (!block.layout()->preeditAreaText().isEmpty()) {
            return {};
        }
        const QString line = block.text();
        const bool isFenced = fence.takes(line);
        const Qt::LayoutDirection direction =
            isFenced ? Qt::LeftToRight : directionOf(spansOf(line)).value_or(inherited);
        if (block.blockFormat().layoutDirection() != direction) {
            changes.append({block, direction});
        }
        inherited = isFenced ? inherited : direction;
    }
    return changes;
}

void ParagraphDirection::apply(const QVector<Change>& changes) {
    const QScopedValueRollback<bool> applying(m_isApplying, true);
    // Of a text that was not typed there is nothing to undo, nor of its direction.
    const bool isRecorded = m_text->isUndoRedoEnabled();
    const bool wasTyped = m_text->isUndoAvailable();
    m_text->setUndoRedoEnabled(isRecorded && wasTyped);
    QTextCursor cursor(m_text);
    cursor.joinPreviousEditBlock();
    for (const Change& change : changes) {
        cursor.setPosition(change.block.position());
        QTextBlockFormat format = change.block.blockFormat();
        if (change.direction == Qt::LayoutDirectionAuto) {
            format.clearProperty(QTextFormat::LayoutDirection);
        } else {
            format.setLayoutDirection(change.direction);
        }
        cursor.setBlockFormat(format);
    }
    cursor.endEditBlock();
    m_text->setUndoRedoEnabled(isRecorded);
}

}  // namespace apertura
