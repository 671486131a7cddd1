// Questions about the letters of a text that methods and tests share.
#pragma once

#include <string_view>

namespace apertura::jinja {

enum class LetterCase { lower, upper };
// Whether there are letters with a case and all have that one: str.islower, str.isupper.
bool isCasedAs(std::string_view text, LetterCase letterCase);

}  // namespace apertura::jinja
