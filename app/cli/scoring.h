// What perplexity and compare score: a text, or ids, in windows of fixed length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/options.h"
#include "inference/text/tokenizer.h"

namespace apertura::cli {

struct ScoredTextFlags {
    std::optional<std::string> text;
    std::string file;
    std::string idsFile;
    std::int64_t window = 0;  // 0 = not given

    void addTo(CLI::App& command);
    // Ids per window in a context of `contextSize`. Errors: invalidRequest, where they do not fit.
    Result<std::int64_t> windowFor(std::int64_t contextSize) const;
    // Windows of at most `length` ids, none overlapping, the first id of each unscored: text with
    // the beginning-of-sequence token in front of each window, ids as they are. Windows with
    // nothing to score are left out. Errors: fileMissing, fileCorrupt, invalidRequest (nothing to
    // score at all).
    Result<std::vector<std::vector<TokenId>>> windows(const Tokenizer& tokenizer,
                                                      std::int64_t length) const;

private:
    Result<std::vector<TokenId>> allIds(const Tokenizer& tokenizer) const;
};

}  // namespace apertura::cli
