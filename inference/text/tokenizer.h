// Text to token ids and back, as the checkpoint's own tokenizer files define it.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inference/options.h"
#include "inference/status.h"
#include "inference/text/text_stream.h"

namespace apertura {

struct EncodeOptions {
    // Whether spellings of *special* added tokens in the text become those tokens. Non-special
    // added tokens match in any case.
    bool specialTokens = true;
    // Whether the post-processor runs (BOS in front, where the file says so).
    bool addBos = false;
};

// Threads: const members may be called from any thread at once.
class Tokenizer {
public:
    virtual ~Tokenizer() = default;

    // Bytes that are not UTF-8 become one U+FFFD per maximal ill-formed subpart first. Never fails.
    virtual std::vector<TokenId> encode(std::string_view text,
                                        const EncodeOptions& options) const = 0;

    // The bytes that a token stands for; the spelling of an added token. Empty for an unknown id.
    virtual std::string_view bytes(TokenId id) const = 0;
    // The token as the file spells it ("Ġthe"). Empty for an unknown id.
    virtual std::string_view piece(TokenId id) const = 0;
    virtual bool isSpecial(TokenId id) const = 0;
    virtual std::optional<TokenId> find(std::string_view piece) const = 0;

    // One more than the largest id.
    virtual std::int64_t size() const = 0;
    // What the post-processor puts in front; absent where it adds nothing.
    virtual std::optional<TokenId> bosToken() const = 0;
    // For the TextStream that decodes ids of this tokenizer.
    virtual LeadingSpace leadingSpace() const { return LeadingSpace::keep; }
    // Spellings from tokenizer_config.json (bos_token, eos_token); empty where it has none.
    virtual std::string bosText() const = 0;
    virtual std::string eosText() const = 0;
};

// Reads tokenizer.json, else tokenizer.model, and tokenizer_config.json of a snapshot folder.
// Errors: fileMissing, fileCorrupt, unsupported; the sentence names file and field.
Result<std::shared_ptr<const Tokenizer>> loadTokenizer(const std::filesystem::path& directory);

// All bytes of `ids` joined, each maximal subpart of an ill-formed sequence replaced by one U+FFFD;
// without the space in front that leadingSpace() says to drop.
std::string decode(const Tokenizer& tokenizer, std::span<const TokenId> ids);

}  // namespace apertura
