#include "ui/view_models/text_direction.h"

namespace apertura {
namespace {

// Strong characters to the right minus those to the left; positive = right-to-left.
qsizetype directionBalance(const QString& text) {
    qsizetype balance = 0;
    for (const uint character : text.toUcs4()) {
        switch (QChar::direction(character)) {
            case QChar::DirR:
            case QChar::DirAL:
                ++balance;
                break;
            case QChar::DirL:
                --balance;
                break;
            default:
                break;
        }
    }
    return balance;
}

}  // namespace

bool isRightToLeft(const QString& text) {
    return directionBalance(text) > 0;
}

bool isRightToLeft(const QVector<TextSpan>& spans) {
    qsizetype balance = 0;
    for (const TextSpan& span : spans) {
        balance += span.code ? 0 : directionBalance(span.text);
    }
    return balance > 0;
}

QString withDirectionMark(const QString& text) {
    const char16_t mark = isRightToLeft(text) ? u'\u200F' : u'\u200E';
    return QChar(mark) + text;
}

}  // namespace apertura
