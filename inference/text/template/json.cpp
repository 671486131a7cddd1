#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "inference/text/template/interpreter.h"
#include "inference/text/template/literals.h"
#include "inference/text/template/operations.h"
#include "inference/text/template/text.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

class JsonWriter {
public:
    JsonWriter(Interpreter& interpreter, const JsonStyle& style)
        : m_interpreter(interpreter), m_style(style), m_out(interpreter.budget()) {}

    std::string take() { return m_out.take(); }

    void write(const Value& value, std::size_t depth) {
        m_interpreter.budget().step();
        switch (value.kind()) {
            case Kind::none:
                m_out.append("null");
                break;
            case Kind::boolean:
                m_out.append(value.asBoolean() ? "true" : "false");
                break;
            case Kind::integer:
                m_out.append(std::to_string(value.asInteger()));
                break;
            case Kind::real:
                m_out.append(number(value.asReal()));
                break;
            case Kind::text:
                writeText(value.text());
                break;
            case Kind::list:
            case Kind::tuple:
                writeItems(value.items(), depth);
                break;
            case Kind::dict:
                writeEntries(value.as<DictObject>(), depth);
                break;
            default:
                fail("a value of type " + typeName(value) + " cannot be written as JSON");
        }
    }

private:
    static std::string number(double value) {
        return std::isnan(value)   ? "NaN"
               : std::isinf(value) ? value < 0 ? "-Infinity" : "Infinity"
                                   : realText(value);
    }

    void newLine(std::size_t depth) {
        if (m_style.indent) {
            m_out.append('\n');
            m_out.append(depth, *m_style.indent);
        }
    }

    void writeItems(const std::vector<Value>& items, std::size_t depth) {
        m_out.append('[');
        for (std::size_t i = 0; i < items.size(); ++i) {
            m_out.append(i > 0 ? m_style.itemSeparator : "");
            newLine(depth + 1);
            write(items[i], depth + 1);
        }
        if (!items.empty()) {
            newLine(depth);
        }
        m_out.append(']');
    }

    void writeEntries(const DictObject& dict, std::size_t depth) {
        auto entries = dict.entries;
        Budget& budget = m_interpreter.budget();
        budget.step(entries.size());
        if (m_style.sortKeys) {
            std::stable_sort(entries.begin(), entries.end(), [&](const auto& a, const auto& b) {
                return less(budget, a.first, b.first);
            });
        }
        m_out.append('{');
        bool first = true;
        for (const auto& [key, value] : entries) {
            m_out.append(first ? "" : m_style.itemSeparator);
            first = false;
            newLine(depth + 1);
            writeText(keyText(key));
            m_out.append(m_style.keySeparator);
            write(value, depth + 1);
        }
        if (!first) {
            newLine(depth);
        }
        m_out.append('}');
    }

    static std::string keyText(const Value& key) {
        switch (key.kind()) {
            case Kind::text:
                return key.text();
            case Kind::none:
                return "null";
            case Kind::boolean:
                return key.asBoolean() ? "true" : "false";
            case Kind::integer:
                return std::to_string(key.asInteger());
            case Kind::real:
                return number(key.asReal());
            default:
                fail("a value of type " + typeName(key) + " cannot be a key in JSON");
        }
    }

    void writeUnit(unsigned unit) {
        m_out.append("\\u");
        for (int shift = 12; shift >= 0; shift -= 4) {
            m_out.append("0123456789abcdef"[(unit >> static_cast<unsigned>(shift)) & 0xFU]);
        }
    }

    void writeCharacter(std::string_view bytes, char32_t c) {
        constexpr std::string_view kShort = "\"\\\n\r\t\b\f";
        constexpr std::string_view kLetters = "\"\\nrtbf";
        const std::size_t known =
            c < 0x80 ? kShort.find(static_cast<char>(c)) : std::string_view::npos;
        if (known != std::string_view::npos) {
            m_out.append('\\');
            m_out.append(kLetters[known]);
        } else if (c < 0x20 || (m_style.ascii && c >= 0x7F && c < 0x10000)) {
            writeUnit(c);
        } else if (m_style.ascii && c >= 0x10000) {
            writeUnit(0xD800U + ((c - 0x10000U) >> 10U));
            writeUnit(0xDC00U + ((c - 0x10000U) & 0x3FFU));
        } else {
            m_out.append(bytes);
        }
    }

    void writeText(const std::string& text) {
        m_interpreter.budget().stepText(text.size());
        m_out.append('"');
        for (std::size_t position = 0; position < text.size();) {
            const std::size_t begin = position;
            const char32_t c = unicode::next(text, position);
            writeCharacter(std::string_view(text).substr(begin, position - begin), c);
        }
        m_out.append('"');
    }

    Interpreter& m_interpreter;
    const JsonStyle& m_style;
    TextBuilder m_out;
};

// Builds values from the events of the JSON parser, which does not recurse. Throws TemplateError
// through it.
class JsonReader : public nlohmann::json_sax<nlohmann::ordered_json> {
public:
    JsonReader(Budget& budget, std::string what) : m_budget(budget), m_what(std::move(what)) {}

    Value take() { return std::move(m_result); }

    bool null() override { return add(Value::none()); }
    bool boolean(bool value) override { return add(Value::boolean(value)); }
    bool number_integer(number_integer_t value) override { return add(Value::integer(value)); }
    bool number_unsigned(number_unsigned_t value) override {
        if (value > static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max())) {
            failInteger();
        }
        return add(Value::integer(static_cast<std::int64_t>(value)));
    }
    bool number_float(number_float_t value, const string_t& digits) override {
        if (digits.find_first_of(".eE") == std::string::npos) {
            failInteger();
        }
        return add(Value::real(value));
    }
    bool string(string_t& value) override { return add(makeText(m_budget, std::move(value))); }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(true); }
    bool start_array(std::size_t) override { return open(false); }
    bool key(string_t& name) override {
        m_open.back().key = makeText(m_budget, std::move(name));
        return true;
    }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t position, const std::string&,
                     const nlohmann::detail::exception&) override {
        fail(m_what + " is not JSON, from byte " + std::to_string(position) + " on");
    }

private:
    struct Open {
        std::shared_ptr<DictObject> dict;  // null: a list
        std::vector<Value> items;
        Value key;
    };

    [[noreturn]] void failInteger() { fail(m_what + " has an integer that does not fit 64 bits"); }

    bool open(bool object) {
        if (m_open.size() >= static_cast<std::size_t>(kMaxNesting)) {
            fail(m_what + " is nested more than " + std::to_string(kMaxNesting) + " deep");
        }
        m_open.push_back({object ? makeDict(m_budget) : nullptr, {}, {}});
        return true;
    }

    bool close() {
        Open done = std::move(m_open.back());
        m_open.pop_back();
        return add(done.dict ? dictValue(done.dict) : makeList(m_budget, std::move(done.items)));
    }

    bool add(Value value) {
        m_budget.step();
        if (m_open.empty()) {
            m_result = std::move(value);
        } else if (m_open.back().dict) {
            m_open.back().dict->set(m_budget, m_open.back().key, value);
        } else {
            Budget::checkItems(m_open.back().items.size() + 1);
            m_open.back().items.push_back(std::move(value));
        }
        return true;
    }

    Budget& m_budget;
    std::string m_what;
    std::vector<Open> m_open;
    Value m_result;
};

}  // namespace

std::string toJson(Interpreter& interpreter, const Value& value, const JsonStyle& style) {
    JsonWriter writer(interpreter, style);
    writer.write(value, 0);
    return writer.take();
}

Value fromJson(Budget& budget, const std::string& json, const std::string& what) {
    JsonReader reader(budget, what);
    if (!nlohmann::ordered_json::sax_parse(json, &reader)) {
        fail(what + " is not JSON");
    }
    return reader.take();
}

}  // namespace apertura::jinja
