// tokenizer.json as it was written, read in one pass: 270,000 merges make a tree of JSON values too
// slow and too large, so the vocabulary and the merges become flat lists, and only the rest a tree.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "inference/status.h"

namespace apertura {

struct TokenizerFile {
    // A text within `texts`.
    struct Slice {
        std::uint32_t begin = 0;
        std::uint32_t length = 0;
    };
    struct VocabularyEntry {
        Slice piece;
        std::int64_t id = 0;  // as the file says, so anything from 0
    };
    struct MergeEntry {
        Slice left;
        Slice right;
    };

    std::string_view text(Slice slice) const {
        return std::string_view(texts).substr(slice.begin, slice.length);
    }

    std::string texts;
    std::vector<VocabularyEntry> vocabulary;  // model.vocab, in the order of the file
    std::vector<MergeEntry> merges;           // model.merges
    bool hasVocabulary = false;
    bool hasMerges = false;
    // Everything else; model.vocab and model.merges are null in it. An object.
    nlohmann::json rest;
};

// "tokenizer.json: <what>.", as ErrorCode fileCorrupt or unsupported.
Error corruptTokenizer(const std::string& what);
Error unsupportedTokenizer(const std::string& what);
// A text from the file for such a sentence: quoted, whatever bytes it has.
std::string inQuotes(std::string_view text);

// Errors: fileCorrupt for what is no JSON or has vocabulary or merges of another shape.
Result<TokenizerFile> parseTokenizerFile(std::string_view json);

}  // namespace apertura
