// Numbers and texts as Python writes and reads them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace apertura::jinja {

// The text of a literal between its quotes, escapes resolved, into `value`. Returns what is wrong,
// or nothing.
std::string unescape(std::string_view literal, std::string& value);

// int(text, base). Nothing if it is no integer; fails if it does not fit 64 bits. Base 0: by the
// prefix.
std::optional<std::int64_t> parseInteger(std::string_view text, int base);
// float(text).
std::optional<double> parseReal(std::string_view text);
// Fails if the number is not finite or does not fit 64 bits.
std::int64_t wholePart(double number);

// repr(float): the shortest digits that give the same number.
std::string realText(double number);
// As '%.*e', '%.*f', '%.*g' do, in no locale; `alternate` keeps the point.
std::string realText(double number, char conversion, std::size_t precision, bool alternate = false);

}  // namespace apertura::jinja
