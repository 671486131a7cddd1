// One step through bytes that may not be UTF-8 (Unicode 15, table 3-7), internal to inference/text.
#pragma once

#include <cstddef>
#include <string_view>

namespace apertura {

struct Utf8Step {
    enum class Kind {
        character,   // a whole, valid character
        ill,         // a maximal subpart that no character begins with any more
        unfinished,  // the bytes end within what may still become a character
    };
    Kind kind = Kind::character;
    std::size_t length = 1;  // 1 to 4 bytes
};

inline constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

// Requires: bytes is not empty.
Utf8Step nextUtf8(std::string_view bytes);

}  // namespace apertura
