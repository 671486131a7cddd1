#include "inference/text/word_cache.h"

#include <utility>

namespace apertura {

bool WordCache::find(std::string_view word, std::vector<TokenId>& ids) const {
    const std::lock_guard lock(m_mutex);
    const auto known = m_words.find(word);
    if (known == m_words.end()) {
        return false;
    }
    ids.insert(ids.end(), known->second.begin(), known->second.end());
    return true;
}

void WordCache::keep(std::string_view word, std::vector<TokenId> ids) {
    if (word.size() > kLongestWord) {
        return;
    }
    const std::lock_guard lock(m_mutex);
    if (m_words.size() >= kMostWords) {
        m_words.clear();
    }
    m_words.emplace(word, std::move(ids));
}

}  // namespace apertura
