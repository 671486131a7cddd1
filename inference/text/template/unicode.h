// Text by code points, as Python's str counts it, over UTF-8. Case mapping and character classes
// are ICU's.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace apertura::jinja::unicode {

bool valid(std::string_view text);
std::size_t count(std::string_view text);  // code points
// The code point at byte `position`, which moves past it. Requires: valid UTF-8, position < size.
char32_t next(std::string_view text, std::size_t& position);
// Requires: a code point, no surrogate.
void append(std::string& text, char32_t codePoint);
// The byte at which code point `index` begins; the size if there are fewer.
std::size_t offset(std::string_view text, std::size_t index);
std::vector<char32_t> decode(std::string_view text);

bool isSpace(char32_t codePoint);      // str.isspace
bool isPrintable(char32_t codePoint);  // str.isprintable
bool isAlphabetic(char32_t codePoint);
bool isDecimal(char32_t codePoint);
bool isDigit(char32_t codePoint);
bool isNumeric(char32_t codePoint);
bool isWord(char32_t codePoint);  // \w
bool isCased(char32_t codePoint);
bool isUpper(char32_t codePoint);
bool isLower(char32_t codePoint);
bool isTitle(char32_t codePoint);
bool isIdentifier(std::string_view text);

std::string upper(std::string_view text);
std::string lower(std::string_view text);
std::string title(std::string_view text);       // str.title
std::string capitalize(std::string_view text);  // str.capitalize
std::string swapCase(std::string_view text);
std::string foldCase(std::string_view text);

enum class Side { left, right, both };
// Without white space at the sides, or without any of `characters`.
std::string_view strip(std::string_view text, Side side);
std::string_view strip(std::string_view text, Side side, std::string_view characters);

}  // namespace apertura::jinja::unicode
