#include "inference/text/template/unicode.h"

#include <algorithm>
#include <functional>
#include <unicode/bytestream.h>
#include <unicode/casemap.h>
#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include "kernels/check.h"

namespace apertura::jinja::unicode {

namespace {

UChar32 icu(char32_t codePoint) {
    return static_cast<UChar32>(codePoint);
}

icu::StringPiece piece(std::string_view text) {
    return {text.data(), static_cast<std::int32_t>(text.size())};
}

constexpr char32_t kCapitalSigma = 0x3A3;
constexpr char32_t kFinalSigma = 0x3C2;

bool isIgnorable(char32_t codePoint) {
    return u_hasBinaryProperty(icu(codePoint), UCHAR_CASE_IGNORABLE) != 0;
}

// A capital sigma becomes the final one after a letter and before none, past ignorable characters.
bool isFinalSigma(const std::vector<char32_t>& text, std::size_t index) {
    std::size_t before = index;
    while (before > 0 && isIgnorable(text[before - 1])) {
        --before;
    }
    if (before == 0 || !isCased(text[before - 1])) {
        return false;
    }
    std::size_t after = index + 1;
    while (after < text.size() && isIgnorable(text[after])) {
        ++after;
    }
    return after == text.size() || !isCased(text[after]);
}

std::string titleOf(char32_t codePoint) {
    std::string character;
    append(character, codePoint);
    std::string result;
    icu::StringByteSink<std::string> sink(&result);
    UErrorCode error = U_ZERO_ERROR;
    icu::CaseMap::utf8ToTitle("", U_TITLECASE_WHOLE_STRING | U_TITLECASE_NO_BREAK_ADJUSTMENT,
                              nullptr, piece(character), sink, nullptr, error);
    CHECK(U_SUCCESS(error));
    return result;
}

std::string lowerOf(const std::vector<char32_t>& text, std::size_t index) {
    std::string character;
    if (text[index] == kCapitalSigma && isFinalSigma(text, index)) {
        append(character, kFinalSigma);
        return character;
    }
    append(character, text[index]);
    return lower(character);
}

std::string_view stripWhere(std::string_view text, Side side,
                            const std::function<bool(char32_t)>& isStripped) {
    std::size_t begin = 0;
    while (side != Side::right && begin < text.size()) {
        std::size_t after = begin;
        if (!isStripped(next(text, after))) {
            break;
        }
        begin = after;
    }
    std::size_t end = text.size();
    while (side != Side::left && end > begin) {
        std::size_t last = end - 1;
        while (last > begin && (static_cast<unsigned char>(text[last]) & 0xC0U) == 0x80U) {
            --last;
        }
        std::size_t position = last;
        if (!isStripped(next(text, position))) {
            break;
        }
        end = last;
    }
    return text.substr(begin, end - begin);
}

}  // namespace

bool valid(std::string_view text) {
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
    const auto size = static_cast<std::int32_t>(text.size());
    for (std::int32_t i = 0; i < size;) {
        UChar32 codePoint = 0;
        U8_NEXT(bytes, i, size, codePoint);
        if (codePoint < 0) {
            return false;
        }
    }
    return true;
}

std::size_t count(std::string_view text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
        return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U;
    }));
}

char32_t next(std::string_view text, std::size_t& position) {
    const auto first = static_cast<unsigned char>(text[position++]);
    if (first < 0x80U) {
        return first;
    }
    const int more = first >= 0xF0U ? 3 : first >= 0xE0U ? 2 : 1;
    char32_t codePoint = first & (0x3FU >> static_cast<unsigned>(more));
    for (int i = 0; i < more && position < text.size(); ++i) {
        codePoint = (codePoint << 6U) | (static_cast<unsigned char>(text[position++]) & 0x3FU);
    }
    return codePoint;
}

void append(std::string& text, char32_t codePoint) {
    char bytes[U8_MAX_LENGTH];
    std::int32_t size = 0;
    U8_APPEND_UNSAFE(bytes, size, codePoint);
    text.append(bytes, static_cast<std::size_t>(size));
}

std::size_t offset(std::string_view text, std::size_t index) {
    std::size_t position = 0;
    for (; index > 0 && position < text.size(); --index) {
        next(text, position);
    }
    return position;
}

std::vector<char32_t> decode(std::string_view text) {
    std::vector<char32_t> codePoints;
    for (std::size_t position = 0; position < text.size();) {
        codePoints.push_back(next(text, position));
    }
    return codePoints;
}

bool isSpace(char32_t c) {
    if (c < 0x80) {
        return (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x20);
    }
    return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
           c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool isPrintable(char32_t c) {
    if (c < 0x80) {
        return c >= 0x20 && c < 0x7F;
    }
    const auto category = static_cast<UCharCategory>(u_charType(icu(c)));
    switch (category) {
        case U_UNASSIGNED:
        case U_CONTROL_CHAR:
        case U_FORMAT_CHAR:
        case U_SURROGATE:
        case U_PRIVATE_USE_CHAR:
        case U_LINE_SEPARATOR:
        case U_PARAGRAPH_SEPARATOR:
        case U_SPACE_SEPARATOR:
            return false;
        default:
            return true;
    }
}

bool isAlphabetic(char32_t c) {
    return u_isalpha(icu(c)) != 0;
}

namespace {
bool isNumericType(char32_t c, int lowest, int highest) {
    const int type = u_getIntPropertyValue(icu(c), UCHAR_NUMERIC_TYPE);
    return type >= lowest && type <= highest;
}
}  // namespace

bool isDecimal(char32_t c) {
    return isNumericType(c, U_NT_DECIMAL, U_NT_DECIMAL);
}
bool isDigit(char32_t c) {
    return isNumericType(c, U_NT_DECIMAL, U_NT_DIGIT);
}
bool isNumeric(char32_t c) {
    return isNumericType(c, U_NT_DECIMAL, U_NT_NUMERIC);
}
bool isWord(char32_t c) {
    return c == '_' || isAlphabetic(c) || isNumeric(c);
}
bool isCased(char32_t c) {
    return u_hasBinaryProperty(icu(c), UCHAR_CASED) != 0;
}
bool isUpper(char32_t c) {
    return u_hasBinaryProperty(icu(c), UCHAR_UPPERCASE) != 0;
}
bool isLower(char32_t c) {
    return u_hasBinaryProperty(icu(c), UCHAR_LOWERCASE) != 0;
}
bool isTitle(char32_t c) {
    return u_charType(icu(c)) == U_TITLECASE_LETTER;
}

bool isIdentifier(std::string_view text) {
    std::size_t position = 0;
    while (position < text.size()) {
        const bool first = position == 0;
        const UChar32 c = icu(next(text, position));
        if (c != '_' && u_hasBinaryProperty(c, first ? UCHAR_XID_START : UCHAR_XID_CONTINUE) == 0) {
            return false;
        }
    }
    return !text.empty();
}

std::string upper(std::string_view text) {
    std::string result;
    icu::StringByteSink<std::string> sink(&result);
    UErrorCode error = U_ZERO_ERROR;
    icu::CaseMap::utf8ToUpper("", 0, piece(text), sink, nullptr, error);
    CHECK(U_SUCCESS(error));
    return result;
}

std::string lower(std::string_view text) {
    std::string result;
    icu::StringByteSink<std::string> sink(&result);
    UErrorCode error = U_ZERO_ERROR;
    icu::CaseMap::utf8ToLower("", 0, piece(text), sink, nullptr, error);
    CHECK(U_SUCCESS(error));
    return result;
}

std::string foldCase(std::string_view text) {
    std::string result;
    icu::StringByteSink<std::string> sink(&result);
    UErrorCode error = U_ZERO_ERROR;
    icu::CaseMap::utf8Fold(0, piece(text), sink, nullptr, error);
    CHECK(U_SUCCESS(error));
    return result;
}

std::string title(std::string_view text) {
    const std::vector<char32_t> codePoints = decode(text);
    std::string result;
    bool withinWord = false;
    for (std::size_t i = 0; i < codePoints.size(); ++i) {
        result += withinWord ? lowerOf(codePoints, i) : titleOf(codePoints[i]);
        withinWord = isCased(codePoints[i]);
    }
    return result;
}

std::string capitalize(std::string_view text) {
    const std::vector<char32_t> codePoints = decode(text);
    std::string result;
    for (std::size_t i = 0; i < codePoints.size(); ++i) {
        result += i > 0 ? lowerOf(codePoints, i) : titleOf(codePoints[i]);
    }
    return result;
}

std::string swapCase(std::string_view text) {
    const std::vector<char32_t> codePoints = decode(text);
    std::string result;
    for (std::size_t i = 0; i < codePoints.size(); ++i) {
        std::string character;
        append(character, codePoints[i]);
        result += isUpper(codePoints[i])   ? lowerOf(codePoints, i)
                  : isLower(codePoints[i]) ? upper(character)
                                           : character;
    }
    return result;
}

std::string_view strip(std::string_view text, Side side) {
    return stripWhere(text, side, isSpace);
}

std::string_view strip(std::string_view text, Side side, std::string_view characters) {
    const std::vector<char32_t> set = decode(characters);
    return stripWhere(text, side, [&](char32_t codePoint) {
        return std::find(set.begin(), set.end(), codePoint) != set.end();
    });
}

}  // namespace apertura::jinja::unicode
