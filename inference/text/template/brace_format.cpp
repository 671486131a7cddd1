// str.format.
#include <optional>

#include "inference/text/template/interpreter.h"
#include "inference/text/template/literals.h"
#include "inference/text/template/text.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

constexpr int kMaxFieldNesting = 2;  // a field's format may have fields of its own, as in Python

class BraceFormatter {
public:
    BraceFormatter(Interpreter& interpreter, const Arguments& arguments, bool safe)
        : m_interpreter(interpreter), m_arguments(arguments), m_safe(safe) {}

    std::string run(std::string_view format, int depth) {
        if (depth >= kMaxFieldNesting) {
            fail("fields of format() are nested too deeply");
        }
        m_interpreter.budget().stepText(format.size());
        TextBuilder out(m_interpreter.budget());
        for (std::size_t position = 0; position < format.size();) {
            const char c = format[position];
            const bool doubled = position + 1 < format.size() && format[position + 1] == c;
            if ((c == '{' || c == '}') && doubled) {
                out.append(c);
                position += 2;
            } else if (c == '}') {
                fail("format() meets a single '}'");
            } else if (c == '{') {
                const std::size_t end = fieldEnd(format, position);
                formatField(out, format.substr(position + 1, end - position - 1), depth);
                position = end + 1;
            } else {
                out.append(c);
                ++position;
            }
        }
        return out.take();
    }

private:
    // The brace that closes the one at `begin`.
    static std::size_t fieldEnd(std::string_view format, std::size_t begin) {
        int depth = 0;
        bool inBrackets = false;
        for (std::size_t i = begin; i < format.size(); ++i) {
            if (inBrackets) {
                inBrackets = format[i] != ']';
            } else if (format[i] == '{') {
                ++depth;
            } else if (format[i] == '}' && --depth == 0) {
                return i;
            } else if (format[i] == '[' && depth == 1) {
                inBrackets = format.find(']', i) != std::string_view::npos;
            }
        }
        fail("format() misses a '}'");
    }

    void formatField(TextBuilder& out, std::string_view field, int depth) {
        std::size_t nameEnd = 0;
        bool inBrackets = false;
        while (nameEnd < field.size() &&
               (inBrackets || (field[nameEnd] != '!' && field[nameEnd] != ':'))) {
            inBrackets = field[nameEnd] == '[' || (inBrackets && field[nameEnd] != ']');
            ++nameEnd;
        }
        Value value = findValue(field.substr(0, nameEnd));
        std::size_t position = nameEnd;
        if (position < field.size() && field[position] == '!') {
            const char conversion = position + 1 < field.size() ? field[position + 1] : '\0';
            if (conversion != 's' && conversion != 'r' && conversion != 'a') {
                fail("format() knows the conversions !s, !r and !a only");
            }
            Budget& budget = m_interpreter.budget();
            value = m_interpreter.text(conversion == 's' ? toText(budget, value)
                                                         : toRepr(budget, value));
            position += 2;
        }
        std::string specification;
        if (position < field.size()) {
            if (field[position] != ':') {
                fail("format() expects ':' after the conversion");
            }
            specification = run(field.substr(position + 1), depth + 1);
        }
        append(out, value, specification);
    }

    Value findValue(std::string_view field) {
        std::size_t end = field.find_first_of(".[");
        end = end == std::string_view::npos ? field.size() : end;
        Value value = findArgument(field.substr(0, end));
        while (end < field.size()) {
            const bool attribute = field[end] == '.';
            const std::size_t begin = end + 1;
            end = attribute ? field.find_first_of(".[", begin) : field.find(']', begin);
            end = end == std::string_view::npos ? field.size() : end;
            const std::string name(field.substr(begin, end - begin));
            if (name.empty() || (!attribute && end == field.size())) {
                fail("format() meets an empty or open name");
            }
            if (attribute) {
                value = m_interpreter.getAttribute(value, name);
            } else {
                const std::optional<std::int64_t> index =
                    isDigits(name) ? parseInteger(name, 10) : std::nullopt;
                value = m_interpreter.getItem(
                    value, index ? Value::integer(*index) : m_interpreter.text(name));
                ++end;
            }
            requireDefined(value);
        }
        return value;
    }

    static bool isDigits(std::string_view text) {
        return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
    }

    Value findArgument(std::string_view name) {
        if (!name.empty() && !isDigits(name)) {
            for (const auto& [keyword, value] : m_arguments.keywords) {
                if (keyword == name) {
                    return value;
                }
            }
            fail("format() was given no '" + std::string(name) + "'");
        }
        if (name.empty() ? m_numbered : m_next > 0) {
            fail("format() cannot mix numbered places with others");
        }
        m_numbered = m_numbered || !name.empty();
        const auto index =
            name.empty() ? m_next++ : static_cast<std::size_t>(*parseInteger(name, 10));
        if (index >= m_arguments.positional.size()) {
            fail("format() needs more values");
        }
        return m_arguments.positional[index];
    }

    static std::size_t readNumber(std::string_view text, std::size_t& position) {
        const std::size_t begin = position;
        while (position < text.size() && text[position] >= '0' && text[position] <= '9') {
            ++position;
        }
        const std::int64_t number =
            parseInteger(text.substr(begin, position - begin), 10).value_or(0);
        Budget::checkText(static_cast<std::size_t>(number));
        return static_cast<std::size_t>(number);
    }

    // [[fill]align][sign][z][#][0][width][grouping][.precision][type]
    static Layout parseLayout(std::string_view text) {
        Layout layout;
        std::size_t position = 0;
        const auto isAlign = [&](std::size_t i) {
            return i < text.size() &&
                   std::string_view("<>=^").find(text[i]) != std::string_view::npos;
        };
        const std::size_t afterFill = unicode::offset(text, 1);
        if (isAlign(afterFill)) {
            layout.fill = text.substr(0, afterFill);
            layout.align = text[afterFill];
            position = afterFill + 1;
        } else if (isAlign(0)) {
            layout.align = text[0];
            position = 1;
        }
        const auto takeOf = [&](std::string_view set) {
            const bool found =
                position < text.size() && set.find(text[position]) != std::string_view::npos;
            return found ? text[position++] : '\0';
        };
        if (const char sign = takeOf("+- ")) {
            layout.sign = sign;
        }
        layout.alternate = takeOf("#") != '\0';
        if (takeOf("0") != '\0' && layout.align == '\0') {
            layout.fill = "0";
            layout.align = '=';
        }
        layout.width = readNumber(text, position);
        layout.grouping = takeOf(",_");
        if (takeOf(".") != '\0') {
            layout.precision = readNumber(text, position);
        }
        layout.conversion = takeOf("bcdeEfFgGnosxX%");
        if (position != text.size()) {
            fail("format() does not know the format '" + std::string(text) + "'");
        }
        return layout;
    }

    void append(TextBuilder& out, const Value& value, const std::string& specification) {
        Budget& budget = m_interpreter.budget();
        if (specification.empty()) {
            out.append(m_safe ? escaped(budget, value) : toText(budget, value));
            return;
        }
        Layout layout = parseLayout(specification);
        const bool realKind =
            std::string_view("eEfFgG%").find(layout.conversion) != std::string_view::npos &&
            layout.conversion != '\0';
        if (value.is(Kind::text)) {
            appendText(out, toText(budget, value), layout);
        } else if (value.is(Kind::real) || (value.isIntegral() && realKind)) {
            if (!realKind && layout.conversion != '\0' && layout.conversion != 'n') {
                fail("format() cannot write a float that way");
            }
            layout.conversion = layout.conversion == 'n' ? 'g' : layout.conversion;
            appendReal(out, layout, value.asReal());
        } else if (value.isIntegral()) {
            if (layout.precision || layout.conversion == 's' || layout.conversion == 'c') {
                fail("format() cannot write an integer that way");
            }
            appendInteger(out, layout, value.asInteger());
        } else {
            requireDefined(value);
            fail("format() has no formats for a value of type " + typeName(value));
        }
    }

    static void appendText(TextBuilder& out, std::string text, const Layout& layout) {
        if (layout.align == '=' || (layout.conversion != 's' && layout.conversion != '\0')) {
            fail("format() cannot write a text that way");
        }
        if (layout.precision) {
            text.resize(unicode::offset(text, *layout.precision));
        }
        appendPadded(out, layout, "", text, '<');
    }

    Interpreter& m_interpreter;
    const Arguments& m_arguments;
    bool m_safe;
    std::size_t m_next = 0;
    bool m_numbered = false;
};

}  // namespace

Value formatBraces(Interpreter& interpreter, const Value& format, const Arguments& arguments) {
    const bool safe = format.textObject().safe;
    return interpreter.text(BraceFormatter(interpreter, arguments, safe).run(format.text(), 0),
                            safe);
}

}  // namespace apertura::jinja
