#include <algorithm>
#include <cmath>

#include "inference/text/template/literals.h"
#include "inference/text/template/text.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

constexpr std::size_t kMostGroupedWidth = 1000;

// Separators between groups of digits, of the integer part only.
std::string grouped(const std::string& digits, char separator, std::size_t groupSize) {
    std::size_t integerEnd = 0;
    while (integerEnd < digits.size() && digits[integerEnd] != '.' && digits[integerEnd] != 'e' &&
           digits[integerEnd] != '%') {
        ++integerEnd;
    }
    std::string result;
    for (std::size_t i = 0; i < integerEnd; ++i) {
        if (i > 0 && (integerEnd - i) % groupSize == 0) {
            result += separator;
        }
        result += digits[i];
    }
    return result + digits.substr(integerEnd);
}

std::string signText(const Layout& layout, bool negative) {
    return negative ? "-" : layout.sign == '-' ? "" : std::string(1, layout.sign);
}

// Zeros after the sign count as digits, so separators go through them too.
void appendNumber(TextBuilder& out, const Layout& layout, const std::string& sign,
                  std::string digits, std::size_t groupSize) {
    if (layout.grouping != '\0') {
        const bool zeros = layout.align == '=' && layout.fill == "0";
        if (zeros && layout.width > kMostGroupedWidth) {
            fail("a number with separators is to be wider than " +
                 std::to_string(kMostGroupedWidth));
        }
        std::string text = grouped(digits, layout.grouping, groupSize);
        while (zeros && sign.size() + text.size() < layout.width) {
            digits.insert(0, 1, '0');
            text = grouped(digits, layout.grouping, groupSize);
        }
        digits = text;
    }
    appendPadded(out, layout, sign, digits, '>');
}

}  // namespace

void appendPadded(TextBuilder& out, const Layout& layout, const std::string& sign,
                  const std::string& text, char usualAlign) {
    const char align = layout.align == '\0' ? usualAlign : layout.align;
    const std::size_t length = sign.size() + unicode::count(text);
    const std::size_t padding = layout.width > length ? layout.width - length : 0;
    const std::size_t left = align == '>' ? padding : align == '^' ? padding / 2 : 0;
    out.append(left, layout.fill);
    out.append(sign);
    if (align == '=') {
        out.append(padding, layout.fill);
    }
    out.append(text);
    if (align != '=') {
        out.append(padding - left, layout.fill);
    }
}

void appendInteger(TextBuilder& out, const Layout& layout, std::int64_t number) {
    const char kind = static_cast<char>(layout.conversion | 0x20);
    const unsigned base = kind == 'x' ? 16 : kind == 'o' ? 8 : kind == 'b' ? 2 : 10;
    std::uint64_t magnitude =
        number < 0 ? 0 - static_cast<std::uint64_t>(number) : static_cast<std::uint64_t>(number);
    std::string digits;
    do {
        digits += "0123456789abcdef"[magnitude % base];
        magnitude /= base;
    } while (magnitude > 0);
    std::reverse(digits.begin(), digits.end());
    if (layout.precision && *layout.precision > digits.size()) {
        Budget::checkText(*layout.precision);
        digits.insert(0, *layout.precision - digits.size(), '0');
    }
    std::string sign = signText(layout, number < 0);
    if (layout.alternate && base != 10) {
        sign += std::string("0") + kind;
    }
    if (layout.conversion == 'X') {
        digits = unicode::upper(digits);
        sign = unicode::upper(sign);
    }
    appendNumber(out, layout, sign, std::move(digits), base == 10 ? 3 : 4);
}

void appendReal(TextBuilder& out, const Layout& layout, double number) {
    constexpr std::size_t kUsualPrecision = 6;
    const bool percent = layout.conversion == '%';
    const std::string sign = signText(layout, std::signbit(number) && !std::isnan(number));
    number = std::fabs(percent ? number * 100 : number);
    std::string digits;
    if (layout.conversion == '\0' && !layout.precision) {
        digits = realText(number);
    } else {
        const char conversion = percent ? 'f' : layout.conversion == '\0' ? 'g' : layout.conversion;
        std::size_t precision = layout.precision.value_or(kUsualPrecision);
        if (precision == 0 && (conversion | 0x20) == 'g') {
            precision = 1;
        }
        digits = realText(number, conversion, precision, layout.alternate);
        const bool plainInteger = digits.find_first_not_of("0123456789") == std::string::npos;
        if (layout.conversion == '\0' && plainInteger) {
            digits += ".0";
        }
    }
    Layout adjusted = layout;
    if (!std::isfinite(number) && adjusted.fill == "0") {
        adjusted.fill = " ";
        adjusted.align = '>';
    }
    appendNumber(out, adjusted, sign, digits + (percent ? "%" : ""), 3);
}

}  // namespace apertura::jinja
