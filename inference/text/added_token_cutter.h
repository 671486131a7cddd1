// Cuts added tokens out of a text: leftmost first, longest first, nothing stripped around them.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/text/vocabulary.h"

namespace apertura {

// A part of a text: an added token, or what stands between them.
struct TextPart {
    std::string_view text;
    std::optional<TokenId> added;
};

// Threads: const members from any thread.
class AddedTokenCutter {
public:
    // Empty contents are left out; of equal ones the first counts.
    explicit AddedTokenCutter(std::vector<AddedToken> tokens);

    // Appends the parts of `text`, none of them empty. With `specialTokens` false the spelling of a
    // special token is plain text, and, as in the library this follows, no other token is looked
    // for inside it.
    void cut(std::string_view text, bool specialTokens, std::vector<TextPart>& parts) const;

private:
    // Half-open.
    struct Range {
        std::size_t from = 0;
        std::size_t to = 0;
    };

    const AddedToken* longestAt(std::string_view text) const;

    std::vector<AddedToken> m_tokens;      // sorted by content
    std::array<Range, 256> m_beginning{};  // of m_tokens, by first byte
};

}  // namespace apertura
