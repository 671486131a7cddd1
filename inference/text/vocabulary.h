// The tokens of a byte-level tokenizer: every id, its spelling, its bytes, and the way back.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inference/options.h"
#include "inference/status.h"
#include "inference/text/byte_alphabet.h"
#include "inference/text/tokenizer_file.h"

namespace apertura {

// A token beside the model's own, cut out of a text before anything else happens to it.
struct AddedToken {
    TokenId id = 0;
    std::string content;
    bool special = false;
    bool normalized = false;  // looked for behind the normalizer, not before it
};

// Threads: const members from any thread.
class Vocabulary {
public:
    // Errors: fileCorrupt (ids with holes or twice, added tokens out of range, a byte without a
    // token), unsupported (added tokens that strip spaces or want whole words).
    static Result<Vocabulary> read(const TokenizerFile& file);

    std::int64_t size() const { return static_cast<std::int64_t>(m_tokens.size()); }
    bool has(TokenId id) const { return id >= 0 && id < size(); }
    // Requires (of all that take an id): has(id).
    std::string_view bytes(TokenId id) const { return slice(token(id).bytes); }
    std::string_view piece(TokenId id) const { return slice(token(id).piece); }
    bool isSpecial(TokenId id) const { return token(id).special; }
    bool isAdded(TokenId id) const { return token(id).added; }
    // Whether the token stands in model.vocab, spelled in the alphabet of bytes.
    bool isModelToken(TokenId id) const { return token(id).ofModel; }

    std::optional<TokenId> find(std::string_view piece) const;
    // The model's token that stands for exactly these bytes.
    std::optional<TokenId> findBytes(std::string_view bytes) const;
    TokenId byteToken(unsigned char byte) const { return m_byteTokens[byte]; }
    const std::vector<AddedToken>& addedTokens() const { return m_addedTokens; }
    const ByteAlphabet& alphabet() const { return m_alphabet; }

private:
    struct Token {
        TokenizerFile::Slice piece;
        TokenizerFile::Slice bytes;
        bool used = false;
        bool special = false;
        bool added = false;
        bool ofModel = false;
    };
    // All that a lookup needs lies in one cache line beside the text itself.
    struct Slot {
        std::uint32_t tag = 0;  // upper half of the hash
        TokenId id = -1;
        TokenizerFile::Slice bytes;
    };

    const Token& token(TokenId id) const { return m_tokens[static_cast<std::size_t>(id)]; }
    std::string_view slice(TokenizerFile::Slice slice) const {
        return std::string_view(m_texts).substr(slice.begin, slice.length);
    }
    TokenizerFile::Slice keep(std::string_view text);
    Slot* place(std::string_view bytes);
    Result<void> takeModelTokens(const TokenizerFile& file);
    Result<void> takeAddedTokens(const nlohmann::json& list);
    Result<void> takeAddedToken(AddedToken token, const std::string& where);
    Result<void> checkIds();

    ByteAlphabet m_alphabet;
    std::string m_texts;
    std::vector<Token> m_tokens;
    std::vector<Slot> m_slots;  // open addressing over the bytes of model tokens; a power of two
    std::unordered_map<std::string, TokenId>
        m_named;  // added tokens and other pieces not in the alphabet
    std::vector<AddedToken> m_addedTokens;
    std::array<TokenId, 256> m_byteTokens{};
};

}  // namespace apertura
