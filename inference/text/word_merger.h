// Byte pair encoding of one word.
#pragma once

#include <string_view>
#include <vector>

#include "inference/options.h"

namespace apertura {

// Threads: merge from any thread.
class WordMerger {
public:
    virtual ~WordMerger() = default;
    // Appends the tokens of a word, which is any bytes.
    virtual void merge(std::string_view word, std::vector<TokenId>& ids) const = 0;
};

}  // namespace apertura
