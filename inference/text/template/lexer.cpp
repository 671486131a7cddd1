#include "inference/text/template/lexer.h"

#include <algorithm>
#include <array>

#include "inference/text/template/literals.h"
#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

bool isDigitByte(char c) {
    return c >= '0' && c <= '9';
}

// White space of any kind from `position` on, as \s* matches it.
std::size_t skipSpace(std::string_view source, std::size_t position) {
    while (position < source.size()) {
        std::size_t after = position;
        if (!unicode::isSpace(unicode::next(source, after))) {
            break;
        }
        position = after;
    }
    return position;
}

class Lexer {
public:
    explicit Lexer(std::string_view source) : m_source(source) {}

    std::vector<Token> run() {
        while (m_position < m_source.size() && !m_failed) {
            lexData();
        }
        if (!m_failed) {
            const int line = m_tokens.empty() ? 1 : m_tokens.back().line;
            m_tokens.push_back({TokenType::end, "", line});
        }
        return std::move(m_tokens);
    }

private:
    bool at(std::string_view text) const {
        return m_source.compare(m_position, text.size(), text) == 0;
    }

    void moveTo(std::size_t position) {
        m_line += static_cast<int>(
            std::count(m_source.begin() + static_cast<std::ptrdiff_t>(m_position),
                       m_source.begin() + static_cast<std::ptrdiff_t>(position), '\n'));
        m_position = position;
    }

    void add(TokenType type, std::string text) {
        m_tokens.push_back({type, std::move(text), m_line});
    }

    void failHere(std::string message) {
        add(TokenType::error, std::move(message));
        m_failed = true;
    }

    // Text up to the next tag, and that tag.
    void lexData() {
        const std::size_t begin = m_position;
        std::size_t tag = m_source.find('{', begin);
        while (tag != std::string_view::npos &&
               (tag + 1 >= m_source.size() ||
                std::string_view("{%#").find(m_source[tag + 1]) == std::string_view::npos)) {
            tag = m_source.find('{', tag + 1);
        }
        if (tag == std::string_view::npos) {
            add(TokenType::data, std::string(m_source.substr(begin)));
            moveTo(m_source.size());
            return;
        }
        const char kind = m_source[tag + 1];
        const char sign = tag + 2 < m_source.size() ? m_source[tag + 2] : '\0';
        addData(m_source.substr(begin, tag - begin), sign, kind != '{');
        moveTo(tag);
        const bool hasSign = sign == '-' || sign == '+';
        if (kind == '#') {
            lexComment(tag + 2 + (hasSign ? 1 : 0));
        } else if (kind == '%' && lexRaw(tag + 2 + (hasSign ? 1 : 0))) {
            return;
        } else {
            add(kind == '{' ? TokenType::printBegin : TokenType::blockBegin, "");
            moveTo(tag + 2 + (hasSign ? 1 : 0));
            lexTag(kind == '{');
        }
    }

    // The text before a tag, without what the tag's sign or lstrip_blocks takes away.
    void addData(std::string_view text, char sign, bool stripsLine) {
        if (sign == '-') {
            text = unicode::strip(text, unicode::Side::right);
        } else if (sign != '+' && stripsLine) {
            const std::size_t newline = text.rfind('\n');
            const std::size_t lineBegin = newline == std::string_view::npos ? 0 : newline + 1;
            if ((lineBegin > 0 || m_atLineStart) &&
                unicode::strip(text.substr(lineBegin), unicode::Side::left).empty()) {
                text = text.substr(0, lineBegin);
            }
        }
        if (!text.empty()) {
            add(TokenType::data, std::string(text));
        }
    }

    // Past a tag's end and what it swallows: '-' all white space, '+' nothing, else one newline.
    void endTag(std::size_t end, char sign) {
        if (sign == '-') {
            end = skipSpace(m_source, end);
        } else if (sign != '+' && end < m_source.size() && m_source[end] == '\n') {
            ++end;
        }
        moveTo(end);
        m_atLineStart = m_source[end - 1] == '\n';
    }

    void lexComment(std::size_t content) {
        const std::size_t end = m_source.find("#}", content);
        if (end == std::string_view::npos) {
            failHere("the comment does not end");
            return;
        }
        endTag(end + 2, end > content ? m_source[end - 1] : '\0');
    }

    // {% raw %}..{% endraw %}; false if the tag at hand is another.
    bool lexRaw(std::size_t content) {
        std::size_t position = skipSpace(m_source, content);
        if (m_source.compare(position, 3, "raw") != 0) {
            return false;
        }
        position = skipSpace(m_source, position + 3);
        if (m_source.compare(position, 3, "-%}") == 0) {
            position = skipSpace(m_source, position + 3);
        } else if (m_source.compare(position, 2, "%}") == 0) {
            position += 2;
        } else {
            return false;
        }
        moveTo(position);
        m_atLineStart = m_source[position - 1] == '\n';
        for (std::size_t tag = m_source.find("{%", position); tag != std::string_view::npos;
             tag = m_source.find("{%", tag + 1)) {
            const char sign = tag + 2 < m_source.size() ? m_source[tag + 2] : '\0';
            std::size_t end = skipSpace(m_source, tag + 2 + (sign == '-' || sign == '+' ? 1 : 0));
            if (m_source.compare(end, 6, "endraw") != 0) {
                continue;
            }
            end = skipSpace(m_source, end + 6);
            const char endSign = end < m_source.size() ? m_source[end] : '\0';
            end += endSign == '-' || endSign == '+' ? 1 : 0;
            if (m_source.compare(end, 2, "%}") != 0) {
                continue;
            }
            addData(m_source.substr(position, tag - position), sign, true);
            endTag(end + 2, endSign);
            return true;
        }
        failHere("the raw block does not end");
        return true;
    }

    // The tokens of a tag up to and with its end.
    void lexTag(bool print) {
        m_brackets.clear();
        while (!m_failed) {
            moveTo(skipSpace(m_source, m_position));
            if (m_position >= m_source.size()) {
                return;
            }
            if (m_brackets.empty() && lexTagEnd(print)) {
                return;
            }
            const char c = m_source[m_position];
            if (isDigitByte(c)) {
                lexNumber();
            } else if (c == '\'' || c == '"') {
                lexText(c);
            } else if (!lexSymbol()) {
                lexName();
            }
        }
    }

    bool lexTagEnd(bool print) {
        const std::string_view mark = print ? "}}" : "%}";
        const char sign = m_source[m_position];
        const bool hasSign = sign == '-' || (sign == '+' && !print);
        const std::size_t position = m_position + (hasSign ? 1 : 0);
        if (m_source.compare(position, 2, mark) != 0) {
            return false;
        }
        add(print ? TokenType::printEnd : TokenType::blockEnd, "");
        endTag(position + 2, hasSign ? sign : print ? '+' : '\0');
        return true;
    }

    // Digits with single '_' between them; where they end.
    std::size_t digits(std::size_t position, std::string_view allowed) const {
        const auto isAllowed = [&](std::size_t i) {
            return i < m_source.size() && allowed.find(m_source[i]) != std::string_view::npos;
        };
        while (isAllowed(position) || (position < m_source.size() && m_source[position] == '_' &&
                                       isAllowed(position + 1))) {
            ++position;
        }
        return position;
    }

    void lexNumber() {
        constexpr std::string_view kDecimal = "0123456789";
        const std::size_t begin = m_position;
        std::size_t end = digits(begin, kDecimal);
        const bool afterDot = begin > 0 && m_source[begin - 1] == '.';
        bool real = false;
        if (!afterDot) {
            std::size_t position = end;
            if (position + 1 < m_source.size() && m_source[position] == '.' &&
                isDigitByte(m_source[position + 1])) {
                position = digits(position + 1, kDecimal);
                real = true;
                end = position;
            }
            if (position < m_source.size() &&
                (m_source[position] == 'e' || m_source[position] == 'E')) {
                ++position;
                position += position < m_source.size() &&
                                    (m_source[position] == '+' || m_source[position] == '-')
                                ? 1
                                : 0;
                if (position < m_source.size() && isDigitByte(m_source[position])) {
                    end = digits(position, kDecimal);
                    real = true;
                }
            }
        }
        if (!real) {
            end = integerEnd(begin);
        }
        std::string text(m_source.substr(begin, end - begin));
        text.erase(std::remove(text.begin(), text.end(), '_'), text.end());
        add(real ? TokenType::real : TokenType::integer, text);
        moveTo(end);
    }

    std::size_t integerEnd(std::size_t begin) const {
        if (m_source[begin] != '0') {
            return digits(begin, "0123456789");
        }
        const char base = begin + 1 < m_source.size() ? m_source[begin + 1] : '\0';
        const std::string_view allowed = base == 'x' || base == 'X'   ? "0123456789abcdefABCDEF"
                                         : base == 'o' || base == 'O' ? "01234567"
                                         : base == 'b' || base == 'B' ? "01"
                                                                      : "";
        if (!allowed.empty()) {
            const std::size_t end = digits(begin + 2, allowed);
            if (end > begin + 2) {
                return end;
            }
        }
        return digits(begin, "0");
    }

    void lexText(char quote) {
        std::size_t end = m_position + 1;
        while (end < m_source.size() && m_source[end] != quote) {
            end += m_source[end] == '\\' ? 2 : 1;
        }
        if (end >= m_source.size()) {
            failHere(std::string("the text that begins with ") + quote + " does not end");
            return;
        }
        std::string value;
        const std::string problem =
            unescape(m_source.substr(m_position + 1, end - m_position - 1), value);
        if (!problem.empty()) {
            failHere(problem);
            return;
        }
        add(TokenType::text, std::move(value));
        moveTo(end + 1);
    }

    bool lexSymbol() {
        constexpr std::array<std::string_view, 26> kSymbols = {
            "//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
            "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};
        const auto found = std::find_if(kSymbols.begin(), kSymbols.end(),
                                        [this](std::string_view symbol) { return at(symbol); });
        if (found == kSymbols.end()) {
            return false;
        }
        const char c = found->front();
        if (c == '(' || c == '[' || c == '{') {
            m_brackets.push_back(c == '(' ? ')' : c == '[' ? ']' : '}');
        } else if (c == ')' || c == ']' || c == '}') {
            if (m_brackets.empty() || m_brackets.back() != c) {
                failHere(std::string("'") + c + "' is unexpected" +
                         (m_brackets.empty()
                              ? ""
                              : std::string(": '") + m_brackets.back() + "' is missing"));
                return true;
            }
            m_brackets.pop_back();
        }
        add(TokenType::symbol, std::string(*found));
        moveTo(m_position + found->size());
        return true;
    }

    void lexName() {
        std::size_t end = m_position;
        while (end < m_source.size()) {
            std::size_t after = end;
            if (!unicode::isWord(unicode::next(m_source, after))) {
                break;
            }
            end = after;
        }
        if (end == m_position) {
            unicode::next(m_source, end);
            failHere("the character '" +
                     std::string(m_source.substr(m_position, end - m_position)) +
                     "' is unexpected");
            return;
        }
        const std::string name(m_source.substr(m_position, end - m_position));
        if (!unicode::isIdentifier(name)) {
            failHere("'" + name + "' is not a name");
            return;
        }
        add(TokenType::name, name);
        moveTo(end);
    }

    std::string_view m_source;
    std::vector<Token> m_tokens;
    std::string m_brackets;  // the closing ones awaited
    std::size_t m_position = 0;
    int m_line = 1;
    bool m_atLineStart = true;
    bool m_failed = false;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
    return Lexer(source).run();
}

}  // namespace apertura::jinja
