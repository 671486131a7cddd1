#include "ui/view_models/text_direction.h"

namespace apertura {
namespace {

// Strong characters of a text.
struct Strong {
    qsizetype toTheRight = 0;
    qsizetype toTheLeft = 0;

    void count(const QString& text) {
        for (const uint character : text.toUcs4()) {
            switch (QChar::direction(character)) {
                case QChar::DirR:
                case QChar::DirAL:
                    ++toTheLeft;
                    break;
                case QChar::DirL:
                    ++toTheRight;
                    break;
                default:
                    break;
            }
        }
    }

    std::optional<Qt::LayoutDirection> direction() const {
        if (toTheLeft == 0 && toTheRight == 0) {
            return std::nullopt;
        }
        return toTheLeft > toTheRight ? Qt::RightToLeft : Qt::LeftToRight;
    }
};

}  // namespace

bool isRightToLeft(const QString& text) {
    Strong strong;
    strong.count(text);
    return strong.direction() == Qt::RightToLeft;
}

bool isRightToLeft(const QVector<TextSpan>& spans) {
    return directionOf(spans) == Qt::RightToLeft;
}

std::optional<Qt::LayoutDirection> directionOf(const QVector<TextSpan>& spans) {
    Strong strong;
    for (const TextSpan& span : spans) {
        if (!span.code) {
            strong.count(span.text);
        }
    }
    return strong.direction();
}

QString withDirectionMark(const QString& text) {
    const char16_t mark = isRightToLeft(text) ? u'\u200F' : u'\u200E';
    return QChar(mark) + text;
}

QString isolated(const QString& text) {
    const char16_t begin = isRightToLeft(text) ? u'\u2067' : u'\u2066';
    return QChar(begin) + text + QChar(u'\u2069');
}

}  // namespace apertura
