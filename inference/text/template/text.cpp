#include "inference/text/template/text.h"

#include "inference/text/template/literals.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

void appendHexEscape(TextBuilder& out, char kind, std::size_t width, char32_t codePoint) {
    out.append('\\');
    out.append(kind);
    for (std::size_t i = width; i-- > 0;) {
        out.append("0123456789abcdef"[(codePoint >> (4 * i)) & 0xFU]);
    }
}

void appendItems(TextBuilder& out, Budget& budget, const std::vector<Value>& items) {
    bool first = true;
    for (const Value& item : items) {
        out.append(first ? "" : ", ");
        first = false;
        appendRepr(out, budget, item);
    }
}

void appendDict(TextBuilder& out, Budget& budget, const DictObject& dict) {
    out.append('{');
    bool first = true;
    for (const auto& [key, value] : dict.entries) {
        out.append(first ? "" : ", ");
        first = false;
        appendRepr(out, budget, key);
        out.append(": ");
        appendRepr(out, budget, value);
    }
    out.append('}');
}

void appendView(TextBuilder& out, Budget& budget, const Value& value) {
    const auto& view = value.as<ViewObject>();
    out.append(typeName(value) + "([");
    bool first = true;
    for (const auto& [key, item] : view.dict.as<DictObject>().entries) {
        out.append(first ? "" : ", ");
        first = false;
        if (view.what == ViewOf::items) {
            out.append('(');
            appendRepr(out, budget, key);
            out.append(", ");
            appendRepr(out, budget, item);
            out.append(')');
        } else {
            appendRepr(out, budget, view.what == ViewOf::keys ? key : item);
        }
    }
    out.append("])");
}

void appendNamespace(TextBuilder& out, Budget& budget, const NamespaceObject& space) {
    out.append("<Namespace {");
    bool first = true;
    for (const auto& [name, value] : space.members) {
        out.append(first ? "" : ", ");
        first = false;
        appendQuoted(out, name);
        out.append(": ");
        appendRepr(out, budget, value);
    }
    out.append("}>");
}

std::string rangeText(const RangeObject& range) {
    const std::string bounds = std::to_string(range.start) + ", " + std::to_string(range.stop);
    return "range(" + bounds + (range.step == 1 ? "" : ", " + std::to_string(range.step)) + ")";
}

}  // namespace

void appendQuoted(TextBuilder& out, const std::string& text) {
    const bool doubleQuotes =
        text.find('\'') != std::string::npos && text.find('"') == std::string::npos;
    const char quote = doubleQuotes ? '"' : '\'';
    out.append(quote);
    for (std::size_t position = 0; position < text.size();) {
        const std::size_t begin = position;
        const char32_t c = unicode::next(text, position);
        if (c == static_cast<char32_t>(quote) || c == '\\') {
            out.append('\\');
            out.append(static_cast<char>(c));
        } else if (c == '\n' || c == '\r' || c == '\t') {
            out.append('\\');
            out.append(c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        } else if (unicode::isPrintable(c)) {
            out.append(std::string_view(text).substr(begin, position - begin));
        } else if (c < 0x100) {
            appendHexEscape(out, 'x', 2, c);
        } else {
            appendHexEscape(out, c < 0x10000 ? 'u' : 'U', c < 0x10000 ? 4 : 8, c);
        }
    }
    out.append(quote);
}

void appendRepr(TextBuilder& out, Budget& budget, const Value& value) {
    const DepthGuard guard(budget);
    budget.step();
    switch (value.kind()) {
        case Kind::undefined:
            out.append("Undefined");
            break;
        case Kind::none:
            out.append("None");
            break;
        case Kind::boolean:
            out.append(value.asBoolean() ? "True" : "False");
            break;
        case Kind::integer:
            out.append(std::to_string(value.asInteger()));
            break;
        case Kind::real:
            out.append(realText(value.asReal()));
            break;
        case Kind::text:
            budget.stepText(value.text().size());
            out.append(value.textObject().safe ? "Markup(" : "");
            appendQuoted(out, value.text());
            out.append(value.textObject().safe ? ")" : "");
            break;
        case Kind::list:
            out.append('[');
            appendItems(out, budget, value.items());
            out.append(']');
            break;
        case Kind::tuple:
            out.append('(');
            appendItems(out, budget, value.items());
            out.append(value.items().size() == 1 ? ",)" : ")");
            break;
        case Kind::dict:
            appendDict(out, budget, value.as<DictObject>());
            break;
        case Kind::view:
            appendView(out, budget, value);
            break;
        case Kind::range:
            out.append(rangeText(value.as<RangeObject>()));
            break;
        case Kind::iterator:
            out.append("<generator>");
            break;
        case Kind::nameSpace:
            appendNamespace(out, budget, value.as<NamespaceObject>());
            break;
        case Kind::host:
            out.append(value.as<HostObject>().describe());
            break;
    }
}

void appendText(TextBuilder& out, Budget& budget, const Value& value) {
    if (value.is(Kind::text)) {
        out.append(value.text());
    } else if (!value.is(Kind::undefined)) {
        appendRepr(out, budget, value);
    }
}

std::string toText(Budget& budget, const Value& value) {
    TextBuilder out(budget);
    appendText(out, budget, value);
    return out.take();
}

std::string toRepr(Budget& budget, const Value& value) {
    TextBuilder out(budget);
    appendRepr(out, budget, value);
    return out.take();
}

std::string escaped(Budget& budget, const Value& value) {
    std::string text = toText(budget, value);
    if (value.is(Kind::text) && value.textObject().safe) {
        return text;
    }
    budget.stepText(text.size());
    TextBuilder out(budget);
    for (const char c : text) {
        switch (c) {
            case '&':
                out.append("&amp;");
                break;
            case '<':
                out.append("&lt;");
                break;
            case '>':
                out.append("&gt;");
                break;
            case '"':
                out.append("&#34;");
                break;
            case '\'':
                out.append("&#39;");
                break;
            default:
                out.append(c);
        }
    }
    return out.take();
}

}  // namespace apertura::jinja
