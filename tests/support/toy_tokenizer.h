// A tokenizer of 160 ids for the tiny model: single characters, a character in two halves, a few
// special tokens.
#pragma once

#include "inference/text/tokenizer.h"

namespace apertura::test {

// Ids: 1 `<s>` (BOS), 2 `</s>` (eosText), 3 `<|tool_end|>`, 4 `<|inner_prefix|>`, 5
// `<|inner_suffix|>`, 6 `<|assistant_start|>`, all special; 10 newline; 32 to 126 the ASCII
// characters; 128, 129 the two bytes of "ä"; every other id the text "[id]".
class ToyTokenizer : public Tokenizer {
public:
    ToyTokenizer();

    std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override;
    std::string_view bytes(TokenId id) const override;
    std::string_view piece(TokenId id) const override { return bytes(id); }
    bool isSpecial(TokenId id) const override { return id >= 1 && id <= 6; }
    std::optional<TokenId> find(std::string_view piece) const override;
    std::int64_t size() const override { return 160; }
    std::optional<TokenId> bosToken() const override { return 1; }
    std::string bosText() const override { return "<s>"; }
    std::string eosText() const override { return "</s>"; }

private:
    std::vector<std::string> m_bytes;
};

}  // namespace apertura::test
