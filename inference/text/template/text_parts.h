// Cutting, replacing and padding text, as Python's str does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "inference/text/template/interpreter.h"

namespace apertura::jinja {

// The first, or the last, place of `sought` at or after byte `from`; npos if there is none. In
// linear time, whatever the texts: std::string::find takes quadratic time for repetitive ones.
std::size_t findFirst(std::string_view text, std::string_view sought, std::size_t from = 0);
std::size_t findLast(std::string_view text, std::string_view sought);

// Pieces point into `text`.
enum class LineEnds { removed, kept };
std::vector<std::string_view> splitLines(Budget& budget, std::string_view text, LineEnds ends);
std::vector<std::string_view> splitWords(std::string_view text);

// At most `count` times, from the left; negative: everywhere. An empty `old` stands between all
// characters.
std::string replaced(Budget& budget, const std::string& text, const std::string& old,
                     const std::string& replacement, std::int64_t count);

enum class Padding { left, right, both };
// Fills with one character up to `width` code points. Keeps the text's safety.
Value padded(Interpreter& interpreter, const Value& text, std::int64_t width,
             const std::string& fill, Padding padding);

}  // namespace apertura::jinja
