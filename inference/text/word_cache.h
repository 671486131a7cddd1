// The tokens of words met before: natural text repeats its words. Bounded; safe for any thread.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inference/options.h"

namespace apertura {

class WordCache {
public:
    // Appends the tokens of `word`; false where it is not known.
    bool find(std::string_view word, std::vector<TokenId>& ids) const;
    // Longer words than kLongestWord are not kept. A full cache starts anew.
    void keep(std::string_view word, std::vector<TokenId> ids);

private:
    static constexpr std::size_t kLongestWord = 256;  // bytes
    static constexpr std::size_t kMostWords = 65'536;

    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view word) const {
            return std::hash<std::string_view>()(word);
        }
    };
    mutable std::mutex m_mutex;
    std::unordered_map<std::string, std::vector<TokenId>, Hash, std::equal_to<>> m_words;
};

}  // namespace apertura
