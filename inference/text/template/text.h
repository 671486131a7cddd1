// Values as text: Python's str() and repr(), markupsafe's escape, json.dumps, and formatting by '%'
// and str.format.
#pragma once

#include <string>

#include "inference/text/template/builtins.h"
#include "inference/text/template/value.h"

namespace apertura::jinja {

void appendText(TextBuilder& out, Budget& budget, const Value& value);  // str()
void appendRepr(TextBuilder& out, Budget& budget, const Value& value);  // repr()
std::string toText(Budget& budget, const Value& value);
std::string toRepr(Budget& budget, const Value& value);
void appendQuoted(TextBuilder& out, const std::string& text);  // repr(str)

// With &amp; &lt; &gt; &#34; &#39; a safe text as it is.
std::string escaped(Budget& budget, const Value& value);

struct JsonStyle {
    bool ascii = false;
    bool sortKeys = false;
    std::optional<std::string> indent;
    std::string itemSeparator = ", ";
    std::string keySeparator = ": ";
};
// Fails for a value that JSON has not.
std::string toJson(Interpreter& interpreter, const Value& value, const JsonStyle& style);
// Fails with "`what` is not JSON: ..", or at a limit.
Value fromJson(Budget& budget, const std::string& json, const std::string& what);

// '...' % arguments.
Value formatPercent(Interpreter& interpreter, const Value& format, const Value& arguments);
// '...'.format(arguments).
Value formatBraces(Interpreter& interpreter, const Value& format, const Arguments& arguments);

// How one number or text is laid out: what '%' and format have in common.
struct Layout {
    std::string fill = " ";  // one character
    char align = '\0';       // '<', '>', '^', '=' (after the sign); none: the kind's own
    char sign = '-';         // '+' and ' ' for positive numbers too
    bool alternate = false;
    char grouping = '\0';  // ',' or '_'
    std::size_t width = 0;
    std::optional<std::size_t> precision;
    char conversion = '\0';
};
void appendPadded(TextBuilder& out, const Layout& layout, const std::string& sign,
                  const std::string& text, char usualAlign);
void appendInteger(TextBuilder& out, const Layout& layout, std::int64_t number);
void appendReal(TextBuilder& out, const Layout& layout, double number);

}  // namespace apertura::jinja
