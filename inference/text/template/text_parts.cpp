#include "inference/text/template/text_parts.h"

#include <cstring>

#include "inference/text/template/unicode.h"

namespace apertura::jinja {

namespace {

bool isLineEnd(char32_t c) {
    return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 ||
           c == 0x2029;
}

std::string interleaved(Budget& budget, const std::string& text, const std::string& replacement,
                        std::int64_t count) {
    TextBuilder out(budget);
    std::size_t position = 0;
    std::int64_t done = 0;
    while (count < 0 || done < count) {
        out.append(replacement);
        budget.step();
        ++done;
        if (position >= text.size()) {
            return out.take();
        }
        const std::size_t begin = position;
        unicode::next(text, position);
        out.append(std::string_view(text).substr(begin, position - begin));
    }
    out.append(std::string_view(text).substr(position));
    return out.take();
}

}  // namespace

std::size_t findFirst(std::string_view text, std::string_view sought, std::size_t from) {
    if (from > text.size()) {
        return std::string_view::npos;
    }
    const void* found =
        memmem(text.data() + from, text.size() - from, sought.data(), sought.size());
    return found == nullptr
               ? std::string_view::npos
               : static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::size_t findLast(std::string_view text, std::string_view sought) {
    const std::string backwards(text.rbegin(), text.rend());
    const std::size_t found = findFirst(backwards, std::string(sought.rbegin(), sought.rend()));
    return found == std::string_view::npos ? found : text.size() - found - sought.size();
}

std::vector<std::string_view> splitLines(Budget& budget, std::string_view text, LineEnds ends) {
    budget.stepText(text.size());
    std::vector<std::string_view> lines;
    std::size_t begin = 0;
    for (std::size_t position = 0; position < text.size();) {
        const std::size_t end = position;
        const char32_t c = unicode::next(text, position);
        if (!isLineEnd(c)) {
            continue;
        }
        if (c == '\r' && position < text.size() && text[position] == '\n') {
            ++position;
        }
        lines.push_back(text.substr(begin, (ends == LineEnds::kept ? position : end) - begin));
        Budget::checkItems(lines.size());
        begin = position;
    }
    if (begin < text.size()) {
        lines.push_back(text.substr(begin));
    }
    return lines;
}

std::vector<std::string_view> splitWords(std::string_view text) {
    std::vector<std::string_view> words;
    while (true) {
        text = unicode::strip(text, unicode::Side::left);
        if (text.empty()) {
            return words;
        }
        std::size_t end = 0;
        while (end < text.size()) {
            std::size_t after = end;
            if (unicode::isSpace(unicode::next(text, after))) {
                break;
            }
            end = after;
        }
        words.push_back(text.substr(0, end));
        Budget::checkItems(words.size());
        text.remove_prefix(end);
    }
}

std::string replaced(Budget& budget, const std::string& text, const std::string& old,
                     const std::string& replacement, std::int64_t count) {
    budget.stepText(text.size());
    if (old.empty()) {
        return interleaved(budget, text, replacement, count);
    }
    TextBuilder out(budget);
    std::size_t begin = 0;
    for (std::int64_t done = 0; count < 0 || done < count; ++done) {
        const std::size_t found = findFirst(text, old, begin);
        if (found == std::string::npos) {
            break;
        }
        budget.step();
        out.append(std::string_view(text).substr(begin, found - begin));
        out.append(replacement);
        begin = found + old.size();
    }
    out.append(std::string_view(text).substr(begin));
    return out.take();
}

Value padded(Interpreter& interpreter, const Value& text, std::int64_t width,
             const std::string& fill, Padding padding) {
    if (unicode::count(fill) != 1) {
        fail("the fill must be one character");
    }
    const std::int64_t missing = width - std::min(width, knownLength(text));
    if (missing <= 0) {
        return text;
    }
    const auto total = static_cast<std::size_t>(missing);
    // Python's str.center puts the odd one to the left if the width is odd.
    const std::size_t left = padding == Padding::left ? total
                             : padding == Padding::right
                                 ? 0
                                 : total / 2 + (total & static_cast<std::size_t>(width) & 1U);
    TextBuilder out(interpreter.budget());
    out.append(left, fill);
    out.append(text.text());
    out.append(total - left, fill);
    return interpreter.text(out.take(), text.textObject().safe);
}

}  // namespace apertura::jinja
