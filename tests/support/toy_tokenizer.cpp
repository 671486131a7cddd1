#include "tests/support/toy_tokenizer.h"

#include <algorithm>

namespace apertura::test {

ToyTokenizer::ToyTokenizer() {
    for (int id = 0; id < 160; ++id) {
        m_bytes.push_back(std::string("[").append(std::to_string(id)).append("]"));
        if ((id >= 32 && id <= 126) || id == '\n') {
            m_bytes.back().assign(1, static_cast<char>(id));
        }
    }
    const std::pair<std::size_t, const char*> named[] = {{1, "<s>"},
                                                         {2, "</s>"},
                                                         {3, "<|tool_end|>"},
                                                         {4, "<|inner_prefix|>"},
                                                         {5, "<|inner_suffix|>"},
                                                         {6, "<|assistant_start|>"},
                                                         {128, "\xC3"},
                                                         {129, "\xA4"}};
    for (const auto& [id, bytes] : named) {
        m_bytes[id] = bytes;
    }
}

std::vector<TokenId> ToyTokenizer::encode(std::string_view text,
                                          const EncodeOptions& options) const {
    std::vector<TokenId> ids;
    if (options.addBos) {
        ids.push_back(1);
    }
    while (!text.empty()) {
        TokenId found = 0;
        for (TokenId id = 1; id < 160; ++id) {
            const bool isAllowed = options.specialTokens || !isSpecial(id);
            if (isAllowed && text.starts_with(bytes(id)) && (found == 0 || isSpecial(id))) {
                found = id;
            }
        }
        ids.push_back(found);
        text.remove_prefix(found == 0 ? 1 : bytes(found).size());
    }
    return ids;
}

std::string_view ToyTokenizer::bytes(TokenId id) const {
    return id >= 0 && id < 160 ? std::string_view(m_bytes[static_cast<std::size_t>(id)])
                               : std::string_view();
}

std::optional<TokenId> ToyTokenizer::find(std::string_view piece) const {
    const auto found = std::find(m_bytes.begin(), m_bytes.end(), piece);
    if (found == m_bytes.end()) {
        return std::nullopt;
    }
    return static_cast<TokenId>(found - m_bytes.begin());
}

}  // namespace apertura::test
