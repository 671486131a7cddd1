#include "inference/text/template/filter_support.h"
#include "inference/text/template/literals.h"
#include "inference/text/template/operations.h"
#include "inference/text/template/text.h"
#include "inference/text/template/text_parts.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

Value mapped(Interpreter& interpreter, const Value& value,
             std::string (*mapping)(std::string_view)) {
    const Value text = softText(interpreter, value);
    interpreter.budget().step(text.text().size() / 4);
    return interpreter.text(mapping(text.text()), text.textObject().safe);
}

Value upper(Interpreter& interpreter, Bound& arguments) {
    return mapped(interpreter, arguments.at(0), unicode::upper);
}

Value lower(Interpreter& interpreter, Bound& arguments) {
    return mapped(interpreter, arguments.at(0), unicode::lower);
}

Value capitalize(Interpreter& interpreter, Bound& arguments) {
    return mapped(interpreter, arguments.at(0), unicode::capitalize);
}

std::string titled(std::string_view text) {
    std::string result;
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t end = begin;
        bool separators = false;
        while (end < text.size()) {
            std::size_t after = end;
            const char32_t c = unicode::next(text, after);
            const bool separator =
                unicode::isSpace(c) || c == '-' || c == '(' || c == '{' || c == '[' || c == '<';
            if (end > begin && separator != separators) {
                break;
            }
            separators = separator;
            end = after;
        }
        std::size_t first = begin;
        unicode::next(text, first);
        result += unicode::upper(text.substr(begin, first - begin));
        result += unicode::lower(text.substr(first, end - first));
        begin = end;
    }
    return result;
}

Value title(Interpreter& interpreter, Bound& arguments) {
    const Value text = softText(interpreter, arguments.at(0));
    interpreter.budget().step(text.text().size() / 4);
    return interpreter.text(titled(text.text()));
}

Value trim(Interpreter& interpreter, Bound& arguments) {
    const Value text = softText(interpreter, arguments.at(0));
    const bool any = !arguments.has(1) || arguments.at(1).is(Kind::none);
    const std::string_view rest =
        any ? unicode::strip(text.text(), unicode::Side::both)
            : unicode::strip(text.text(), unicode::Side::both, arguments.text(1));
    return interpreter.text(std::string(rest), text.textObject().safe);
}

Value replace(Interpreter& interpreter, Bound& arguments) {
    Budget& budget = interpreter.budget();
    const std::int64_t count =
        arguments.has(3) && !arguments.at(3).is(Kind::none) ? arguments.integer(3, -1) : -1;
    return interpreter.text(replaced(budget, toText(budget, arguments.at(0)),
                                     toText(budget, arguments.at(1)),
                                     toText(budget, arguments.at(2)), count));
}

Value string(Interpreter& interpreter, Bound& arguments) {
    return softText(interpreter, arguments.at(0));
}

Value escape(Interpreter& interpreter, Bound& arguments) {
    return interpreter.text(escaped(interpreter.budget(), arguments.at(0)), true);
}

Value forceEscape(Interpreter& interpreter, Bound& arguments) {
    const Value plain = interpreter.text(toText(interpreter.budget(), arguments.at(0)));
    return interpreter.text(escaped(interpreter.budget(), plain), true);
}

Value markSafe(Interpreter& interpreter, Bound& arguments) {
    return interpreter.text(toText(interpreter.budget(), arguments.at(0)), true);
}

enum class Quoting { path, query };

std::string percentEncoded(Budget& budget, const std::string& text, Quoting quoting) {
    budget.stepText(text.size());
    TextBuilder out(budget);
    for (const char c : text) {
        const bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (letter || std::string_view("_.-~").find(c) != std::string_view::npos ||
            (c == '/' && quoting == Quoting::path)) {
            out.append(c);
        } else if (c == ' ' && quoting == Quoting::query) {
            out.append('+');
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out.append('%');
            out.append("0123456789ABCDEF"[byte >> 4U]);
            out.append("0123456789ABCDEF"[byte & 0xFU]);
        }
    }
    return out.take();
}

Value urlEncode(Interpreter& interpreter, Bound& arguments) {
    Budget& budget = interpreter.budget();
    const Value& value = arguments.at(0);
    if (value.is(Kind::text) || knownLength(value) < 0) {
        return interpreter.text(percentEncoded(budget, toText(budget, value), Quoting::path));
    }
    std::vector<Value> pairs;
    if (value.is(Kind::dict)) {
        for (const auto& [key, item] : value.as<DictObject>().entries) {
            pairs.push_back(makeTuple(budget, {key, item}));
        }
    } else {
        pairs = interpreter.collect(value);
    }
    TextBuilder out(budget);
    for (const Value& pair : pairs) {
        const std::vector<Value> parts = interpreter.collect(pair);
        if (parts.size() != 2) {
            fail("urlencode needs pairs of a name and a value");
        }
        out.append(out.size() > 0 ? "&" : "");
        out.append(percentEncoded(budget, toText(budget, parts[0]), Quoting::query));
        out.append('=');
        out.append(percentEncoded(budget, toText(budget, parts[1]), Quoting::query));
    }
    return interpreter.text(out.take());
}

Value format(Interpreter& interpreter, Bound& arguments) {
    Budget& budget = interpreter.budget();
    Arguments& rest = arguments.rest();
    if (!rest.positional.empty() && !rest.keywords.empty()) {
        fail("format takes either values or named values");
    }
    const Value text = softText(interpreter, arguments.at(0));
    if (rest.keywords.empty()) {
        return formatPercent(interpreter, text, makeTuple(budget, rest.positional));
    }
    const auto named = makeDict(budget);
    for (const auto& [name, value] : rest.keywords) {
        named->set(budget, interpreter.text(name), value);
    }
    return formatPercent(interpreter, text, dictValue(named));
}

Value toJsonFilter(Interpreter& interpreter, Bound& arguments) {
    JsonStyle style;
    style.ascii = arguments.flag(1, false);
    style.sortKeys = arguments.flag(4, false);
    if (arguments.has(2) && !arguments.at(2).is(Kind::none)) {
        if (arguments.at(2).is(Kind::text)) {
            style.indent = arguments.text(2);
        } else {
            const std::int64_t width = std::max<std::int64_t>(arguments.integer(2, 0), 0);
            Budget::checkText(static_cast<std::size_t>(width));
            style.indent = std::string(static_cast<std::size_t>(width), ' ');
        }
        style.itemSeparator = ",";
    }
    if (arguments.has(3) && !arguments.at(3).is(Kind::none)) {
        const std::vector<Value> separators = interpreter.collect(arguments.at(3));
        if (separators.size() != 2 || !separators[0].is(Kind::text) ||
            !separators[1].is(Kind::text)) {
            fail("the separators of tojson must be two texts");
        }
        style.itemSeparator = separators[0].text();
        style.keySeparator = separators[1].text();
    }
    return interpreter.text(toJson(interpreter, arguments.at(0), style));
}

Value stripTags(Interpreter& interpreter, Bound& arguments) {
    std::string text = toText(interpreter.budget(), arguments.at(0));
    TextBuilder out(interpreter.budget());
    std::size_t position = 0;
    while (position < text.size()) {
        const std::size_t open = text.find('<', position);
        const bool comment = open != std::string::npos && text.compare(open, 4, "<!--") == 0;
        const std::size_t close = open == std::string::npos
                                      ? open
                                      : text.find(comment ? "-->" : ">", open + (comment ? 4 : 1));
        out.append(std::string_view(text).substr(
            position, close == std::string::npos ? close : open - position));
        if (close == std::string::npos) {
            break;
        }
        position = close + (comment ? 3 : 1);
    }
    TextBuilder words(interpreter.budget());
    for (const std::string_view word : splitWords(out.text())) {
        words.append(words.size() > 0 ? " " : "");
        words.append(word);
    }
    return interpreter.text(words.take());
}

}  // namespace

const Builtins& textFilters() {
    static const Builtins table = {
        {"upper", upper, {"s"}},
        {"lower", lower, {"s"}},
        {"capitalize", capitalize, {"s"}},
        {"title", title, {"s"}},
        {"trim", trim, {"value", "chars?"}},
        {"replace", replace, {"s", "old", "new", "count?"}},
        {"string", string, {"s"}},
        {"escape", escape, {"s"}},
        {"e", escape, {"s"}},
        {"forceescape", forceEscape, {"value"}},
        {"safe", markSafe, {"value"}},
        {"urlencode", urlEncode, {"value"}},
        {"format", format, {"value", "*"}},
        {"striptags", stripTags, {"value"}},
        {"tojson", toJsonFilter, {"x", "ensure_ascii?", "indent?", "separators?", "sort_keys?"}},
    };
    return table;
}

}  // namespace apertura::jinja
