#include "inference/text/template/literals.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "inference/text/template/budget.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

int digitOf(char c) {
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'z' ? lower - 'a' + 10 : 99;
}

// `count` digits of `base` from `position` on; fewer is an error unless `least` are there.
struct Digits {
    std::size_t least;
    std::size_t most;
    int base;
};
std::optional<char32_t> readDigits(std::string_view text, std::size_t& position, Digits wanted) {
    char32_t value = 0;
    std::size_t count = 0;
    while (count < wanted.most && position < text.size() && digitOf(text[position]) < wanted.base) {
        value = value * static_cast<char32_t>(wanted.base) +
                static_cast<char32_t>(digitOf(text[position]));
        ++position;
        ++count;
    }
    return count >= wanted.least ? std::optional<char32_t>(value) : std::nullopt;
}

// Python reads a literal's other characters as escapes of their own, so a backslash before one
// escapes that escape.
void appendEscapedCharacter(std::string& value, char32_t codePoint) {
    const int width = codePoint < 0x100 ? 2 : codePoint < 0x10000 ? 4 : 8;
    value += '\\';
    value += width == 2 ? 'x' : width == 4 ? 'u' : 'U';
    for (int shift = 4 * (width - 1); shift >= 0; shift -= 4) {
        value += "0123456789abcdef"[(codePoint >> static_cast<unsigned>(shift)) & 0xFU];
    }
}

std::string appendNumericEscape(std::string_view literal, std::size_t& position,
                                std::string& value) {
    const char kind = literal[position];
    std::optional<char32_t> codePoint;
    if (kind >= '0' && kind <= '7') {
        codePoint = readDigits(literal, position, {1, 3, 8});
    } else {
        ++position;
        const std::size_t width = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
        codePoint = readDigits(literal, position, {width, width, 16});
    }
    if (!codePoint || *codePoint > 0x10FFFF || (*codePoint >= 0xD800 && *codePoint <= 0xDFFF)) {
        return std::string("the escape \\") + kind + " names no character";
    }
    unicode::append(value, *codePoint);
    return "";
}

}  // namespace

std::string unescape(std::string_view literal, std::string& value) {
    constexpr std::string_view kEscapes = "\\'\"abfnrtv";
    constexpr std::string_view kMeanings = "\\'\"\a\b\f\n\r\t\v";
    for (std::size_t position = 0; position < literal.size();) {
        if (literal[position] != '\\') {
            value += literal[position++];
            continue;
        }
        if (++position == literal.size()) {
            return "the text ends in a backslash";
        }
        const char c = literal[position];
        if (const std::size_t known = kEscapes.find(c); known != std::string_view::npos) {
            value += kMeanings[known];
            ++position;
        } else if (c == '\n') {
            ++position;
        } else if ((c >= '0' && c <= '7') || c == 'x' || c == 'u' || c == 'U') {
            if (std::string problem = appendNumericEscape(literal, position, value);
                !problem.empty()) {
                return problem;
            }
        } else if (c == 'N') {
            return "escapes by a character's name are not supported";
        } else {
            const std::size_t begin = position;
            const char32_t codePoint = unicode::next(literal, position);
            if (codePoint < 0x80) {
                value += '\\';
                value += literal.substr(begin, position - begin);
            } else {
                appendEscapedCharacter(value, codePoint);
            }
        }
    }
    return "";
}

std::optional<std::int64_t> parseInteger(std::string_view text, int base) {
    text = unicode::strip(text, unicode::Side::both);
    const bool negative = !text.empty() && text[0] == '-';
    if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
        text.remove_prefix(1);
    }
    if (text.size() > 1 && text[0] == '0') {
        const char mark = static_cast<char>(text[1] | 0x20);
        const int marked = mark == 'x' ? 16 : mark == 'o' ? 8 : mark == 'b' ? 2 : 0;
        if (marked != 0 && (base == marked || base == 0)) {
            base = marked;
            text.remove_prefix(2);
            if (!text.empty() && text[0] == '_') {
                text.remove_prefix(1);
            }
        }
    }
    base = base == 0 ? 10 : base;
    if (text.empty() || text.back() == '_') {
        return std::nullopt;
    }
    std::int64_t value = 0;
    bool overflow = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '_' && i > 0 && text[i - 1] != '_') {
            continue;
        }
        const int digit = digitOf(text[i]);
        if (digit >= base) {
            return std::nullopt;
        }
        overflow = overflow || __builtin_mul_overflow(value, base, &value) ||
                   __builtin_sub_overflow(value, digit, &value);
    }
    if (overflow || (!negative && value == std::numeric_limits<std::int64_t>::min())) {
        fail("an integer does not fit 64 bits");
    }
    return negative ? value : -value;
}

std::optional<double> parseReal(std::string_view text) {
    text = unicode::strip(text, unicode::Side::both);
    std::string digits;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '_') {
            digits += text[i];
        } else if (i == 0 || i + 1 == text.size() || digitOf(text[i - 1]) > 9 ||
                   digitOf(text[i + 1]) > 9) {
            return std::nullopt;
        }
    }
    const bool negative = !digits.empty() && digits[0] == '-';
    std::size_t begin = !digits.empty() && (digits[0] == '-' || digits[0] == '+') ? 1 : 0;
    if (begin == digits.size() || digits[begin] == '-' || digits[begin] == '+') {
        return std::nullopt;
    }
    double value = 0;
    const char* end = digits.data() + digits.size();
    const auto [stop, error] = std::from_chars(digits.data() + begin, end, value);
    if (stop != end || error == std::errc::invalid_argument) {
        return std::nullopt;
    }
    if (error == std::errc::result_out_of_range) {
        // Too small or too large: the exponent's sign tells.
        const std::size_t exponent = digits.find_first_of("eE");
        const bool tiny = (exponent != std::string::npos && digits[exponent + 1] == '-') ||
                          digits.compare(begin, 2, "0.") == 0;
        value = tiny ? 0.0 : std::numeric_limits<double>::infinity();
    }
    return negative ? -value : value;
}

std::int64_t wholePart(double number) {
    constexpr double kBound = 9223372036854775808.0;
    if (!(number >= -kBound && number < kBound)) {
        fail("a number does not fit an integer of 64 bits");
    }
    return static_cast<std::int64_t>(number);
}

std::string realText(double number) {
    if (std::isnan(number)) {
        return "nan";
    }
    if (std::isinf(number)) {
        return number < 0 ? "-inf" : "inf";
    }
    char buffer[64];
    const char* end =
        std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::scientific).ptr;
    const std::string scientific(static_cast<const char*>(buffer), end);
    const std::size_t mark = scientific.find('e');
    int exponent = 0;
    std::from_chars(scientific.data() + mark + (scientific[mark + 1] == '+' ? 2 : 1),
                    scientific.data() + scientific.size(), exponent);
    if (exponent < -4 || exponent >= 16) {
        return scientific;
    }
    const auto fixedEnd =
        std::to_chars(buffer, buffer + sizeof(buffer), number, std::chars_format::fixed).ptr;
    std::string fixed(static_cast<const char*>(buffer), static_cast<const char*>(fixedEnd));
    return fixed.find('.') == std::string::npos ? fixed + ".0" : fixed;
}

std::string realText(double number, char conversion, std::size_t precision, bool alternate) {
    constexpr std::size_t kIntegerDigits = 350;
    constexpr std::size_t kMostPrecision = 100'000;
    const bool capital = conversion >= 'A' && conversion <= 'Z';
    if (!std::isfinite(number)) {
        std::string text = realText(number);
        return capital ? unicode::upper(text) : text;
    }
    if (precision > kMostPrecision) {
        fail("a number is to be written with more than " + std::to_string(kMostPrecision) +
             " digits");
    }
    const char kind = static_cast<char>(conversion | 0x20);
    const std::chars_format format = kind == 'e'   ? std::chars_format::scientific
                                     : kind == 'f' ? std::chars_format::fixed
                                                   : std::chars_format::general;
    std::string text(precision + kIntegerDigits, '\0');
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number, format,
                                   static_cast<int>(precision))
                         .ptr;
    text.resize(static_cast<std::size_t>(end - text.data()));
    if (alternate && text.find('.') == std::string::npos) {
        text.insert(std::min(text.find('e'), text.size()), ".");
    }
    return capital ? unicode::upper(text) : text;
}

}  // namespace apertura::jinja
