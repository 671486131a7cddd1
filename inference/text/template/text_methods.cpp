#include "inference/text/template/text_methods.h"

#include "inference/text/template/filter_support.h"
#include "inference/text/template/text.h"
#include "inference/text/template/text_parts.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

bool isCasedAs(std::string_view text, LetterCase letterCase) {
    bool found = false;
    for (std::size_t position = 0; position < text.size();) {
        const char32_t c = unicode::next(text, position);
        const bool lower = unicode::isLower(c);
        const bool upper = unicode::isUpper(c);
        if ((letterCase == LetterCase::lower ? upper : lower) || unicode::isTitle(c)) {
            return false;
        }
        found = found || lower || upper;
    }
    return found;
}

namespace {

Value keepSafety(Interpreter& interpreter, const Bound& arguments, std::string text) {
    return interpreter.text(std::move(text), arguments.at(0).textObject().safe);
}

template <std::string (*mapping)(std::string_view)>
Value mapped(Interpreter& interpreter, Bound& arguments) {
    interpreter.budget().step(arguments.text(0).size() / 4);
    return keepSafety(interpreter, arguments, mapping(arguments.text(0)));
}

template <unicode::Side side>
Value strip(Interpreter& interpreter, Bound& arguments) {
    const bool any = !arguments.has(1) || arguments.at(1).is(Kind::none);
    const std::string_view rest = any ? unicode::strip(arguments.text(0), side)
                                      : unicode::strip(arguments.text(0), side, arguments.text(1));
    return keepSafety(interpreter, arguments, std::string(rest));
}

Value removePrefix(Interpreter& interpreter, Bound& arguments) {
    std::string_view text = arguments.text(0);
    const std::string& prefix = arguments.text(1);
    if (text.substr(0, prefix.size()) == prefix) {
        text.remove_prefix(prefix.size());
    }
    return keepSafety(interpreter, arguments, std::string(text));
}

Value removeSuffix(Interpreter& interpreter, Bound& arguments) {
    std::string_view text = arguments.text(0);
    const std::string& suffix = arguments.text(1);
    if (text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix) {
        text.remove_suffix(suffix.size());
    }
    return keepSafety(interpreter, arguments, std::string(text));
}

Value replace(Interpreter& interpreter, Bound& arguments) {
    const bool safe = arguments.at(0).textObject().safe;
    Budget& budget = interpreter.budget();
    const std::string replacement = safe ? escaped(budget, arguments.at(2)) : arguments.text(2);
    return keepSafety(interpreter, arguments,
                      replaced(budget, arguments.text(0), arguments.text(1), replacement,
                               arguments.integer(3, -1)));
}

template <Padding padding>
Value pad(Interpreter& interpreter, Bound& arguments) {
    return padded(interpreter, arguments.at(0), arguments.integer(1, 0),
                  arguments.has(2) ? arguments.text(2) : " ", padding);
}

Value zeroFill(Interpreter& interpreter, Bound& arguments) {
    const std::string& text = arguments.text(0);
    const std::int64_t missing =
        arguments.integer(1, 0) - std::min(arguments.integer(1, 0), knownLength(arguments.at(0)));
    const bool sign = !text.empty() && (text[0] == '-' || text[0] == '+');
    TextBuilder out(interpreter.budget());
    out.append(std::string_view(text).substr(0, sign ? 1 : 0));
    out.append(static_cast<std::size_t>(std::max<std::int64_t>(missing, 0)), "0");
    out.append(std::string_view(text).substr(sign ? 1 : 0));
    return keepSafety(interpreter, arguments, out.take());
}

Value expandTabs(Interpreter& interpreter, Bound& arguments) {
    const std::int64_t size = std::max<std::int64_t>(arguments.integer(1, 8), 0);
    Budget::checkText(static_cast<std::size_t>(size));
    interpreter.budget().stepText(arguments.text(0).size());
    TextBuilder out(interpreter.budget());
    std::int64_t column = 0;
    const std::string& text = arguments.text(0);
    for (std::size_t position = 0; position < text.size();) {
        const std::size_t begin = position;
        const char32_t c = unicode::next(text, position);
        if (c == '\t') {
            const std::int64_t spaces = size == 0 ? 0 : size - column % size;
            out.append(static_cast<std::size_t>(spaces), " ");
            column += spaces;
            continue;
        }
        column = c == '\n' || c == '\r' ? 0 : column + 1;
        out.append(std::string_view(text).substr(begin, position - begin));
    }
    return keepSafety(interpreter, arguments, out.take());
}

Value format(Interpreter& interpreter, Bound& arguments) {
    return formatBraces(interpreter, arguments.at(0), arguments.rest());
}

template <bool (*holds)(char32_t)>
Value allAre(Interpreter& interpreter, Bound& arguments) {
    const std::string& text = arguments.text(0);
    interpreter.budget().stepText(text.size());
    for (std::size_t position = 0; position < text.size();) {
        if (!holds(unicode::next(text, position))) {
            return Value::boolean(false);
        }
    }
    return Value::boolean(!text.empty());
}

bool isAlphanumeric(char32_t c) {
    return unicode::isAlphabetic(c) || unicode::isNumeric(c);
}

template <LetterCase letterCase>
Value isCase(Interpreter& interpreter, Bound& arguments) {
    interpreter.budget().stepText(arguments.text(0).size());
    return Value::boolean(isCasedAs(arguments.text(0), letterCase));
}

Value isTitleText(Interpreter& interpreter, Bound& arguments) {
    const std::string& text = arguments.text(0);
    interpreter.budget().stepText(text.size());
    bool found = false;
    bool withinWord = false;
    for (std::size_t position = 0; position < text.size();) {
        const char32_t c = unicode::next(text, position);
        const bool begins = unicode::isUpper(c) || unicode::isTitle(c);
        const bool follows = unicode::isLower(c);
        if ((begins && withinWord) || (follows && !withinWord)) {
            return Value::boolean(false);
        }
        withinWord = begins || follows;
        found = found || withinWord;
    }
    return Value::boolean(found);
}

Value isAscii(Interpreter&, Bound& arguments) {
    return Value::boolean(arguments.at(0).textObject().ascii());
}

Value isIdentifierText(Interpreter&, Bound& arguments) {
    return Value::boolean(unicode::isIdentifier(arguments.text(0)));
}

Value isPrintableText(Interpreter& interpreter, Bound& arguments) {
    return Value::boolean(arguments.text(0).empty() ||
                          isTrue(allAre<unicode::isPrintable>(interpreter, arguments)));
}

}  // namespace

const Builtins& textMethods() {
    static const Builtins table = {
        {"upper", mapped<unicode::upper>, {"self"}},
        {"lower", mapped<unicode::lower>, {"self"}},
        {"title", mapped<unicode::title>, {"self"}},
        {"capitalize", mapped<unicode::capitalize>, {"self"}},
        {"swapcase", mapped<unicode::swapCase>, {"self"}},
        {"casefold", mapped<unicode::foldCase>, {"self"}},
        {"strip", strip<unicode::Side::both>, {"self", "chars?"}},
        {"lstrip", strip<unicode::Side::left>, {"self", "chars?"}},
        {"rstrip", strip<unicode::Side::right>, {"self", "chars?"}},
        {"removeprefix", removePrefix, {"self", "prefix"}},
        {"removesuffix", removeSuffix, {"self", "suffix"}},
        {"replace", replace, {"self", "old", "new", "count?"}},
        {"ljust", pad<Padding::right>, {"self", "width", "fillchar?"}},
        {"rjust", pad<Padding::left>, {"self", "width", "fillchar?"}},
        {"center", pad<Padding::both>, {"self", "width", "fillchar?"}},
        {"zfill", zeroFill, {"self", "width"}},
        {"expandtabs", expandTabs, {"self", "tabsize?"}},
        {"format", format, {"()", "*"}},  // 'self' may be a name in the format
        {"isalpha", allAre<unicode::isAlphabetic>, {"self"}},
        {"isalnum", allAre<isAlphanumeric>, {"self"}},
        {"isdecimal", allAre<unicode::isDecimal>, {"self"}},
        {"isdigit", allAre<unicode::isDigit>, {"self"}},
        {"isnumeric", allAre<unicode::isNumeric>, {"self"}},
        {"isspace", allAre<unicode::isSpace>, {"self"}},
        {"isprintable", isPrintableText, {"self"}},
        {"islower", isCase<LetterCase::lower>, {"self"}},
        {"isupper", isCase<LetterCase::upper>, {"self"}},
        {"istitle", isTitleText, {"self"}},
        {"isascii", isAscii, {"self"}},
        {"isidentifier", isIdentifierText, {"self"}},
    };
    return table;
}

}  // namespace apertura::jinja
