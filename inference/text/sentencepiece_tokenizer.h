// The tokenizer of tokenizer.model, through SentencePiece.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "inference/text/tokenizer.h"

namespace apertura {

// What tokenizer_config.json says beside the model.
struct SentencePieceOptions {
    std::string bosText;
    std::string eosText;
    bool addBos = true;
};

// `model`: the content of tokenizer.model.
// Errors: fileCorrupt; unsupported for a normalizer with a table of its own. The sentence names
// tokenizer.model.
Result<std::shared_ptr<const Tokenizer>> readSentencePieceTokenizer(std::string_view model,
                                                                    SentencePieceOptions options);

}  // namespace apertura
