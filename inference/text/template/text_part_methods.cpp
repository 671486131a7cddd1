// Methods of texts that find, cut and join.
#include <algorithm>

#include "inference/text/template/filter_support.h"
#include "inference/text/template/text.h"
#include "inference/text/template/text_parts.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

enum class From { left, right };

// The byte range of text[start:end], from arguments 2 and 3, and its first code point.
struct Window {
    std::string_view text;
    std::int64_t first = 0;
    bool valid = true;  // false if start lies beyond the end
};

Window windowOf(Interpreter& interpreter, const Bound& arguments) {
    const std::string& text = arguments.text(0);
    const std::int64_t length = knownLength(arguments.at(0));
    interpreter.budget().stepText(text.size());
    const auto bound = [&](std::size_t parameter, std::int64_t otherwise) {
        if (!arguments.has(parameter) || arguments.at(parameter).is(Kind::none)) {
            return otherwise;
        }
        const std::int64_t index = arguments.integer(parameter, 0);
        return index < 0 ? std::max<std::int64_t>(index < -length ? 0 : index + length, 0) : index;
    };
    Window window;
    window.first = bound(2, 0);
    const std::int64_t end = std::min(bound(3, length), length);
    window.valid = window.first <= length && window.first <= end;
    if (window.valid) {
        const std::size_t begin = unicode::offset(text, static_cast<std::size_t>(window.first));
        window.text = std::string_view(text).substr(begin);
        window.text = window.text.substr(
            0, unicode::offset(window.text, static_cast<std::size_t>(end - window.first)));
    }
    return window;
}

std::int64_t findIn(Interpreter& interpreter, const Bound& arguments, From from) {
    const std::string& sought = arguments.text(1);
    const Window window = windowOf(interpreter, arguments);
    if (!window.valid) {
        return -1;
    }
    const std::size_t found =
        from == From::left ? findFirst(window.text, sought) : findLast(window.text, sought);
    if (found == std::string_view::npos) {
        return -1;
    }
    return window.first + static_cast<std::int64_t>(unicode::count(window.text.substr(0, found)));
}

template <From from>
Value find(Interpreter& interpreter, Bound& arguments) {
    return Value::integer(findIn(interpreter, arguments, from));
}

template <From from>
Value index(Interpreter& interpreter, Bound& arguments) {
    const std::int64_t found = findIn(interpreter, arguments, from);
    if (found < 0) {
        fail("the text sought was not found");
    }
    return Value::integer(found);
}

Value count(Interpreter& interpreter, Bound& arguments) {
    const std::string& sought = arguments.text(1);
    const Window window = windowOf(interpreter, arguments);
    if (sought.empty()) {
        return Value::integer(
            window.valid ? static_cast<std::int64_t>(unicode::count(window.text)) + 1 : 0);
    }
    std::int64_t times = 0;
    for (std::size_t found = findFirst(window.text, sought); found != std::string_view::npos;
         found = findFirst(window.text, sought, found + sought.size())) {
        interpreter.budget().step();
        ++times;
    }
    return Value::integer(times);
}

template <From from>
Value hasAtSide(Interpreter& interpreter, Bound& arguments) {
    const Window window = windowOf(interpreter, arguments);
    const auto matches = [&](const Value& sought) {
        if (!sought.is(Kind::text)) {
            requireDefined(sought);
            fail("a text or a tuple of texts is needed, not a value of type " + typeName(sought));
        }
        const std::string& part = sought.text();
        if (!window.valid || part.size() > window.text.size()) {
            return false;
        }
        return window.text.substr(from == From::left ? 0 : window.text.size() - part.size(),
                                  part.size()) == part;
    };
    const Value& sought = arguments.at(1);
    if (sought.is(Kind::tuple)) {
        return Value::boolean(std::any_of(sought.items().begin(), sought.items().end(), matches));
    }
    return Value::boolean(matches(sought));
}

Value pieces(Interpreter& interpreter, const Bound& arguments,
             const std::vector<std::string_view>& parts) {
    const bool safe = arguments.at(0).textObject().safe;
    std::vector<Value> items;
    items.reserve(parts.size());
    for (const std::string_view part : parts) {
        items.push_back(interpreter.text(std::string(part), safe));
    }
    return makeList(interpreter.budget(), std::move(items));
}

// By white space, at most `most` times.
std::vector<std::string_view> cutWords(std::string_view text, std::int64_t most, From from) {
    std::vector<std::string_view> words = splitWords(text);
    const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(most, 0));
    if (most < 0 || words.size() <= limit) {
        return words;
    }
    if (from == From::left) {
        const auto rest = static_cast<std::size_t>(words[limit].data() - text.data());
        words.resize(limit);
        words.push_back(text.substr(rest));
    } else {
        const std::string_view last = words[words.size() - limit - 1];
        const auto end = static_cast<std::size_t>(last.data() + last.size() - text.data());
        words.erase(words.begin(), words.end() - static_cast<std::ptrdiff_t>(limit));
        words.insert(words.begin(), text.substr(0, end));
    }
    return words;
}

std::vector<std::string_view> cutAt(Budget& budget, std::string_view text,
                                    std::string_view separator, std::int64_t most) {
    std::vector<std::string_view> parts;
    while (most < 0 || static_cast<std::int64_t>(parts.size()) < most) {
        const std::size_t found = findFirst(text, separator);
        if (found == std::string_view::npos) {
            break;
        }
        budget.step();
        Budget::checkItems(parts.size() + 1);
        parts.push_back(text.substr(0, found));
        text.remove_prefix(found + separator.size());
    }
    parts.push_back(text);
    return parts;
}

// The same from the right: cuts the mirrored text, so that all cuts together take linear time.
std::vector<std::string_view> cutAtFromRight(Budget& budget, std::string_view text,
                                             std::string_view separator, std::int64_t most) {
    const std::string mirrored(text.rbegin(), text.rend());
    std::vector<std::string_view> parts =
        cutAt(budget, mirrored, std::string(separator.rbegin(), separator.rend()), most);
    for (std::string_view& part : parts) {
        const auto end = static_cast<std::size_t>(part.data() - mirrored.data());
        part = text.substr(text.size() - end - part.size(), part.size());
    }
    std::reverse(parts.begin(), parts.end());
    return parts;
}

template <From from>
Value split(Interpreter& interpreter, Bound& arguments) {
    const std::string& text = arguments.text(0);
    interpreter.budget().stepText(text.size());
    const std::int64_t most = arguments.integer(2, -1);
    if (!arguments.has(1) || arguments.at(1).is(Kind::none)) {
        return pieces(interpreter, arguments, cutWords(text, most, from));
    }
    if (arguments.text(1).empty()) {
        fail("split needs a separator that is not empty");
    }
    Budget& budget = interpreter.budget();
    return pieces(interpreter, arguments,
                  from == From::left ? cutAt(budget, text, arguments.text(1), most)
                                     : cutAtFromRight(budget, text, arguments.text(1), most));
}

Value splitIntoLines(Interpreter& interpreter, Bound& arguments) {
    const LineEnds ends = arguments.flag(1, false) ? LineEnds::kept : LineEnds::removed;
    return pieces(interpreter, arguments,
                  splitLines(interpreter.budget(), arguments.text(0), ends));
}

template <From from>
Value partition(Interpreter& interpreter, Bound& arguments) {
    const std::string_view text = arguments.text(0);
    const std::string& separator = arguments.text(1);
    if (separator.empty()) {
        fail("partition needs a separator that is not empty");
    }
    interpreter.budget().stepText(text.size());
    const std::size_t found =
        from == From::left ? findFirst(text, separator) : findLast(text, separator);
    const bool safe = arguments.at(0).textObject().safe;
    const auto part = [&](std::string_view piece) {
        return interpreter.text(std::string(piece), safe);
    };
    if (found == std::string_view::npos) {
        const bool left = from == From::left;
        return makeTuple(interpreter.budget(),
                         {part(left ? text : ""), part(""), part(left ? "" : text)});
    }
    return makeTuple(interpreter.budget(), {part(text.substr(0, found)), part(separator),
                                            part(text.substr(found + separator.size()))});
}

Value join(Interpreter& interpreter, Bound& arguments) {
    const bool safe = arguments.at(0).textObject().safe;
    const auto iterator = interpreter.iterate(arguments.at(1));
    TextBuilder out(interpreter.budget());
    bool atStart = true;
    for (Value item; iterator->next(interpreter, item);) {
        interpreter.budget().step();
        if (!safe && !item.is(Kind::text)) {
            requireDefined(item);
            fail("join needs texts, not a value of type " + typeName(item));
        }
        out.append(atStart ? "" : arguments.text(0));
        atStart = false;
        out.append(safe ? escaped(interpreter.budget(), item) : item.text());
    }
    return interpreter.text(out.take(), safe);
}

}  // namespace

const Builtins& textPartMethods() {
    static const Builtins table = {
        {"find", find<From::left>, {"self", "sub", "start?", "end?"}},
        {"rfind", find<From::right>, {"self", "sub", "start?", "end?"}},
        {"index", index<From::left>, {"self", "sub", "start?", "end?"}},
        {"rindex", index<From::right>, {"self", "sub", "start?", "end?"}},
        {"count", count, {"self", "sub", "start?", "end?"}},
        {"startswith", hasAtSide<From::left>, {"self", "prefix", "start?", "end?"}},
        {"endswith", hasAtSide<From::right>, {"self", "suffix", "start?", "end?"}},
        {"split", split<From::left>, {"self", "sep?", "maxsplit?"}},
        {"rsplit", split<From::right>, {"self", "sep?", "maxsplit?"}},
        {"splitlines", splitIntoLines, {"self", "keepends?"}},
        {"partition", partition<From::left>, {"self", "sep"}},
        {"rpartition", partition<From::right>, {"self", "sep"}},
        {"join", join, {"self", "iterable"}},
    };
    return table;
}

}  // namespace apertura::jinja
