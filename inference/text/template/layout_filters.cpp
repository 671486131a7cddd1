#include "inference/text/template/filter_support.h"
#include "inference/text/template/literals.h"
#include "inference/text/template/text.h"
#include "inference/text/template/text_parts.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

Value center(Interpreter& interpreter, Bound& arguments) {
    const Value text = softText(interpreter, arguments.at(0));
    return padded(interpreter, text, arguments.integer(1, 80), " ", Padding::both);
}

Value truncate(Interpreter& interpreter, Bound& arguments) {
    constexpr std::int64_t kUsualLength = 255;
    constexpr std::int64_t kUsualLeeway = 5;
    const Value text = softText(interpreter, arguments.at(0));
    const std::int64_t length = arguments.integer(1, kUsualLength);
    const Value end = arguments.valueOr(3, interpreter.text("..."));
    const std::int64_t leeway = arguments.has(4) && !arguments.at(4).is(Kind::none)
                                    ? arguments.integer(4, 0)
                                    : kUsualLeeway;
    if (!end.is(Kind::text) || length < knownLength(end) || leeway < 0) {
        fail("truncate needs a length of at least its end's, and no negative leeway");
    }
    const std::int64_t size = knownLength(text);
    if (size <= length || size - length <= leeway) {
        return text;
    }
    const bool safe = text.textObject().safe;
    const std::string& source = text.text();
    const auto kept = static_cast<std::size_t>(length - knownLength(end));
    std::string result = source.substr(0, unicode::offset(source, kept));
    if (!arguments.flag(2, false)) {
        result.resize(std::min(result.rfind(' '), result.size()));
    }
    result += safe ? escaped(interpreter.budget(), end) : end.text();
    return interpreter.text(std::move(result), safe);
}

// An empty line stays empty unless `blank`.
Value indent(Interpreter& interpreter, Bound& arguments) {
    requireDefined(arguments.at(0));
    if (!arguments.at(0).is(Kind::text)) {
        fail("indent needs a text, not a value of type " + typeName(arguments.at(0)));
    }
    Budget& budget = interpreter.budget();
    const Value& text = arguments.at(0);
    std::string indention(4, ' ');
    if (arguments.has(1) && arguments.at(1).is(Kind::text)) {
        indention = arguments.text(1);
    } else {
        const std::int64_t width = std::max<std::int64_t>(arguments.integer(1, 4), 0);
        Budget::checkText(static_cast<std::size_t>(width));
        indention.assign(static_cast<std::size_t>(width), ' ');
    }
    const bool first = arguments.flag(2, false);
    const bool blank = arguments.flag(3, false);
    budget.stepText(text.text().size());
    const std::string source = text.text() + "\n";
    TextBuilder out(budget);
    bool atStart = true;
    for (const std::string_view line : splitLines(budget, source, LineEnds::removed)) {
        out.append(atStart ? "" : "\n");
        if (atStart ? first : blank || !line.empty()) {
            out.append(indention);
        }
        out.append(line);
        atStart = false;
    }
    return interpreter.text(out.take(), text.textObject().safe);
}

Value wordCount(Interpreter& interpreter, Bound& arguments) {
    const Value text = softText(interpreter, arguments.at(0));
    interpreter.budget().stepText(text.text().size());
    std::int64_t words = 0;
    bool inWord = false;
    for (std::size_t position = 0; position < text.text().size();) {
        const bool word = unicode::isWord(unicode::next(text.text(), position));
        words += word && !inWord ? 1 : 0;
        inWord = word;
    }
    return Value::integer(words);
}

Value fileSize(Interpreter& interpreter, Bound& arguments) {
    const Value& value = arguments.at(0);
    requireDefined(value);
    const std::optional<double> parsed =
        value.is(Kind::text) ? parseReal(value.text()) : std::optional<double>(value.asReal());
    if (!parsed || (!value.is(Kind::text) && !value.isNumber())) {
        fail("filesizeformat needs a number");
    }
    const bool binary = arguments.flag(1, false);
    const double base = binary ? 1024 : 1000;
    double bytes = *parsed;
    if (bytes == 1) {
        return interpreter.text("1 Byte");
    }
    if (bytes < base) {
        return interpreter.text(std::to_string(wholePart(bytes)) + " Bytes");
    }
    constexpr std::string_view kPrefixes = "kMGTPEZY";
    std::size_t prefix = 0;
    for (bytes /= base; bytes >= base && prefix + 1 < kPrefixes.size(); ++prefix) {
        bytes /= base;
    }
    const char letter = binary && prefix == 0 ? 'K' : kPrefixes[prefix];
    return interpreter.text(realText(bytes, 'f', 1) + " " + letter + (binary ? "iB" : "B"));
}

Value xmlAttributes(Interpreter& interpreter, Bound& arguments) {
    if (!arguments.at(0).is(Kind::dict)) {
        fail("xmlattr needs a dict");
    }
    Budget& budget = interpreter.budget();
    TextBuilder out(budget);
    for (const auto& [key, value] : arguments.at(0).as<DictObject>().entries) {
        if (value.is(Kind::none) || value.is(Kind::undefined)) {
            continue;
        }
        const std::string name = escaped(budget, key);
        if (name.find_first_of(" \t\n\r\f\v/>=") != std::string::npos) {
            fail("'" + name + "' cannot be the name of an attribute");
        }
        out.append(out.size() > 0 || arguments.flag(1, true) ? " " : "");
        out.append(name + "=\"" + escaped(budget, value) + "\"");
    }
    return interpreter.text(out.take());
}

Value prettyPrint(Interpreter& interpreter, Bound& arguments) {
    return interpreter.text(toRepr(interpreter.budget(), arguments.at(0)));
}

}  // namespace

const Builtins& layoutFilters() {
    static const Builtins table = {
        {"center", center, {"value", "width?"}},
        {"truncate", truncate, {"s", "length?", "killwords?", "end?", "leeway?"}},
        {"indent", indent, {"s", "width?", "first?", "blank?"}},
        {"wordcount", wordCount, {"s"}},
        {"filesizeformat", fileSize, {"value", "binary?"}},
        {"xmlattr", xmlAttributes, {"d", "autospace?"}},
        {"pprint", prettyPrint, {"value"}},
    };
    return table;
}

}  // namespace apertura::jinja
