#include "inference/text/added_token_cutter.h"

#include <algorithm>
#include <utility>

namespace apertura {

namespace {

unsigned char byteAt(std::string_view text, std::size_t i) {
    return static_cast<unsigned char>(text[i]);
}

}  // namespace

AddedTokenCutter::AddedTokenCutter(std::vector<AddedToken> tokens) : m_tokens(std::move(tokens)) {
    std::erase_if(m_tokens, [](const AddedToken& token) { return token.content.empty(); });
    std::stable_sort(
        m_tokens.begin(), m_tokens.end(),
        [](const AddedToken& a, const AddedToken& b) { return a.content < b.content; });
    const auto same = [](const AddedToken& a, const AddedToken& b) {
        return a.content == b.content;
    };
    m_tokens.erase(std::unique(m_tokens.begin(), m_tokens.end(), same), m_tokens.end());
    for (std::size_t i = 0; i < m_tokens.size(); ++i) {
        Range& range = m_beginning[byteAt(m_tokens[i].content, 0)];
        range = {range.to == 0 ? i : range.from, i + 1};
    }
}

void AddedTokenCutter::cut(std::string_view text, bool specialTokens,
                           std::vector<TextPart>& parts) const {
    std::size_t from = 0;
    std::size_t at = 0;
    while (at < text.size()) {
        const AddedToken* token = longestAt(text.substr(at));
        if (token == nullptr) {
            ++at;
            continue;
        }
        const std::size_t length = token->content.size();
        if (specialTokens || !token->special) {
            if (from < at) {
                parts.push_back({text.substr(from, at - from), std::nullopt});
            }
            parts.push_back({text.substr(at, length), token->id});
            from = at + length;
        }
        at += length;
    }
    if (from < text.size()) {
        parts.push_back({text.substr(from), std::nullopt});
    }
}

// Narrows the sorted tokens byte by byte to those that the text begins with.
const AddedToken* AddedTokenCutter::longestAt(std::string_view text) const {
    Range range = m_beginning[byteAt(text, 0)];
    const AddedToken* longest = nullptr;
    for (std::size_t depth = 1; range.from < range.to; ++depth) {
        if (m_tokens[range.from].content.size() == depth) {
            longest = &m_tokens[range.from++];
        }
        if (depth == text.size()) {
            break;
        }
        const unsigned char next = byteAt(text, depth);
        const auto begin = m_tokens.begin();
        const auto lower = std::partition_point(
            begin + static_cast<std::ptrdiff_t>(range.from),
            begin + static_cast<std::ptrdiff_t>(range.to),
            [&](const AddedToken& token) { return byteAt(token.content, depth) < next; });
        const auto upper = std::partition_point(
            lower, begin + static_cast<std::ptrdiff_t>(range.to),
            [&](const AddedToken& token) { return byteAt(token.content, depth) == next; });
        range = {static_cast<std::size_t>(lower - begin), static_cast<std::size_t>(upper - begin)};
    }
    return longest;
}

}  // namespace apertura
