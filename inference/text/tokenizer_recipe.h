// What tokenizer.json says about the way from text to ids, apart from the tokens: normalizer,
// pre-tokenizer, model options, post-processor. What is read here is what Apertus files have; the
// rest is refused by name.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "inference/options.h"
#include "inference/status.h"

namespace apertura {

struct TokenizerRecipe {
    // Every `from` in a text becomes `to`, one replacement after the other.
    struct Replacement {
        std::string from;
        std::string to;
    };
    std::vector<Replacement> replacements;
    std::optional<std::string> pattern;  // splits a text into words; absent = it is one word
    bool ignoreMerges = false;           // a word that is a token is that token
    std::optional<TokenId> bos;          // what the post-processor puts in front
};

// `file`: TokenizerFile::rest.
// Errors: unsupported, fileCorrupt; the sentence names tokenizer.json and the field.
Result<TokenizerRecipe> readTokenizerRecipe(const nlohmann::json& file);

}  // namespace apertura
