#include "app/conversation/title.h"

#include <memory>
#include <unicode/brkiter.h>
#include <unicode/unistr.h>

namespace apertura {

namespace {

using BreakIteratorPointer = std::unique_ptr<icu::BreakIterator>;

icu::UnicodeString toIcu(const QString& text) {
    return {reinterpret_cast<const char16_t*>(text.utf16()), static_cast<int32_t>(text.size())};
}

// Where the grapheme numbered `count` ends; the text's length where there are fewer.
int32_t endOfGraphemes(const icu::UnicodeString& text, int count) {
    UErrorCode status = U_ZERO_ERROR;
    const BreakIteratorPointer graphemes(
        icu::BreakIterator::createCharacterInstance(icu::Locale::getRoot(), status));
    if (U_FAILURE(status)) {
        return std::min<int32_t>(text.length(), count);
    }
    graphemes->setText(text);
    const int32_t end = graphemes->next(count);
    return end == icu::BreakIterator::DONE ? text.length() : end;
}

// The last end of a word at or before `limit`; 0 where there is none.
int32_t wordEndBefore(const icu::UnicodeString& text, int32_t limit) {
    UErrorCode status = U_ZERO_ERROR;
    const BreakIteratorPointer words(
        icu::BreakIterator::createWordInstance(icu::Locale::getRoot(), status));
    if (U_FAILURE(status)) {
        return 0;
    }
    words->setText(text);
    int32_t end = words->isBoundary(limit) ? limit : words->preceding(limit);
    while (end > 0 && text.charAt(end - 1) == u' ') {
        --end;
    }
    return std::max<int32_t>(end, 0);
}

}  // namespace

QString titleFrom(const QString& text) {
    const QString line = text.simplified();
    const icu::UnicodeString icuLine = toIcu(line);
    if (endOfGraphemes(icuLine, kTitleGraphemes) >= line.size()) {
        return line;
    }
    const int32_t limit = endOfGraphemes(icuLine, kTitleGraphemes - 1);
    const int32_t wordEnd = wordEndBefore(icuLine, limit);
    return line.left(wordEnd > 0 ? wordEnd : limit) + QChar(0x2026);
}

}  // namespace apertura
