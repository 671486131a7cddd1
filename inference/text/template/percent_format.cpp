// '%' with a text on its left: printf as Python has it.
#include <optional>

#include "inference/text/template/interpreter.h"
#include "inference/text/template/literals.h"
#include "inference/text/template/text.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

class PercentFormatter {
public:
    PercentFormatter(Interpreter& interpreter, const Value& format, const Value& arguments)
        : m_interpreter(interpreter),
          m_format(format.text()),
          m_safe(format.textObject().safe),
          m_arguments(arguments),
          m_out(interpreter.budget()) {}

    std::string run() {
        m_interpreter.budget().stepText(m_format.size());
        while (m_position < m_format.size()) {
            const std::size_t mark = m_format.find('%', m_position);
            m_out.append(std::string_view(m_format).substr(m_position, mark - m_position));
            if (mark == std::string::npos) {
                break;
            }
            m_position = mark + 1;
            formatOne();
        }
        const bool mapping = m_arguments.is(Kind::dict) || m_arguments.is(Kind::list) ||
                             m_arguments.is(Kind::range) || m_arguments.is(Kind::nameSpace) ||
                             m_arguments.is(Kind::undefined);
        const std::size_t given = m_arguments.is(Kind::tuple) ? m_arguments.items().size() : 1;
        if (!mapping && m_used < given) {
            fail("not all values were used by the '%' format");
        }
        return m_out.take();
    }

private:
    char peek() const {
        if (m_position >= m_format.size()) {
            fail("the '%' format ends within a place");
        }
        return m_format[m_position];
    }

    Value nextArgument() {
        const bool tuple = m_arguments.is(Kind::tuple);
        if (m_used >= (tuple ? m_arguments.items().size() : 1)) {
            fail("the '%' format needs more values");
        }
        ++m_used;
        return tuple ? m_arguments.items()[m_used - 1] : m_arguments;
    }

    Value namedArgument() {
        const std::size_t begin = ++m_position;
        int depth = 1;
        for (; depth > 0; ++m_position) {
            depth += peek() == '(' ? 1 : peek() == ')' ? -1 : 0;
        }
        if (!m_arguments.is(Kind::dict)) {
            fail("the '%' format needs a dict");
        }
        const std::string name = m_format.substr(begin, m_position - begin - 1);
        const Value* value = m_arguments.as<DictObject>().find(name);
        if (value == nullptr) {
            fail("the '%' format names '" + name + "', which the dict has not");
        }
        m_used = 1;
        return *value;
    }

    // Digits, or '*' for the next argument.
    std::optional<std::int64_t> number() {
        if (m_position < m_format.size() && m_format[m_position] == '*') {
            ++m_position;
            const Value value = nextArgument();
            if (!value.isIntegral()) {
                fail("'*' in a '%' format needs an integer");
            }
            return value.asInteger();
        }
        const std::size_t begin = m_position;
        while (m_position < m_format.size() && m_format[m_position] >= '0' &&
               m_format[m_position] <= '9') {
            ++m_position;
        }
        return parseInteger(std::string_view(m_format).substr(begin, m_position - begin), 10);
    }

    void formatOne() {
        std::optional<Value> named;
        if (peek() == '(') {
            named = namedArgument();
        }
        Layout layout;
        bool left = false;
        bool zeros = false;
        for (; std::string_view("#0- +").find(peek()) != std::string_view::npos; ++m_position) {
            const char flag = m_format[m_position];
            left = left || flag == '-';
            zeros = zeros || flag == '0';
            layout.alternate = layout.alternate || flag == '#';
            layout.sign = flag == '+' || (flag == ' ' && layout.sign != '+') ? flag : layout.sign;
        }
        std::int64_t width = number().value_or(0);
        left = left || width < 0;
        width = width < 0 ? -(width + 1) : width;
        Budget::checkText(static_cast<std::size_t>(width));
        layout.width = static_cast<std::size_t>(width);
        if (peek() == '.') {
            ++m_position;
            layout.precision =
                static_cast<std::size_t>(std::max<std::int64_t>(number().value_or(0), 0));
        }
        while (std::string_view("hlL").find(peek()) != std::string_view::npos) {
            ++m_position;
        }
        layout.conversion = peek();
        ++m_position;
        if (layout.conversion == '%') {
            m_out.append('%');
            return;
        }
        layout.align = left ? '<' : '>';
        convert(layout, zeros && !left, named ? *named : nextArgument());
    }

    void convert(Layout layout, bool zeros, const Value& value) {
        Budget& budget = m_interpreter.budget();
        const std::string_view kinds = "diuoxXeEfFgG";
        if (kinds.find(layout.conversion) != std::string_view::npos) {
            requireDefined(value);
            if (!value.isNumber()) {
                fail(std::string("'%") + layout.conversion +
                     "' needs a number, not a value of type " + typeName(value));
            }
            if (zeros) {
                layout.fill = "0";
                layout.align = '=';
            }
            convertNumber(layout, value);
            return;
        }
        std::string text;
        if (layout.conversion == 's') {
            text = m_safe ? escaped(budget, value) : toText(budget, value);
        } else if (layout.conversion == 'r' || layout.conversion == 'a') {
            text = toRepr(budget, value);
        } else if (layout.conversion == 'c') {
            text = character(value);
        } else {
            fail(std::string("'%") + layout.conversion + "' is no format");
        }
        if (layout.precision && layout.conversion != 'c') {
            text.resize(unicode::offset(text, *layout.precision));
        }
        appendPadded(m_out, layout, "", text, '>');
    }

    void convertNumber(Layout& layout, const Value& value) {
        if (std::string_view("eEfFgG").find(layout.conversion) != std::string_view::npos) {
            appendReal(m_out, layout, value.asReal());
            return;
        }
        const bool decimal =
            std::string_view("diu").find(layout.conversion) != std::string_view::npos;
        if (!decimal && value.is(Kind::real)) {
            fail(std::string("'%") + layout.conversion +
                 "' needs an integer, not a value of type float");
        }
        if (layout.align == '=' && layout.precision) {
            layout.fill = layout.width > *layout.precision ? "0" : layout.fill;
        }
        layout.conversion = decimal ? 'd' : layout.conversion;
        appendInteger(m_out, layout,
                      value.is(Kind::real) ? wholePart(value.asReal()) : value.asInteger());
    }

    static std::string character(const Value& value) {
        std::string text;
        if (value.isIntegral()) {
            const std::int64_t codePoint = value.asInteger();
            if (codePoint < 0 || codePoint > 0x10FFFF ||
                (codePoint >= 0xD800 && codePoint <= 0xDFFF)) {
                fail("'%c' needs a character");
            }
            unicode::append(text, static_cast<char32_t>(codePoint));
        } else if (value.is(Kind::text) && value.textObject().length == 1) {
            text = value.text();
        } else {
            fail("'%c' needs a character");
        }
        return text;
    }

    Interpreter& m_interpreter;
    const std::string& m_format;
    bool m_safe;
    const Value& m_arguments;
    TextBuilder m_out;
    std::size_t m_position = 0;
    std::size_t m_used = 0;
};

}  // namespace

Value formatPercent(Interpreter& interpreter, const Value& format, const Value& arguments) {
    const bool safe = format.textObject().safe;
    return interpreter.text(PercentFormatter(interpreter, format, arguments).run(), safe);
}

}  // namespace apertura::jinja
