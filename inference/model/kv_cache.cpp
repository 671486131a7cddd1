#include "inference/model/kv_cache.h"

#include <algorithm>

namespace apertura {

std::int64_t KvCache::keepCommonPrefix(std::span<const TokenId> ids, std::int64_t limit) {
    const auto difference = std::mismatch(m_ids.begin(), m_ids.end(), ids.begin(), ids.end());
    const std::int64_t common = std::min<std::int64_t>(difference.first - m_ids.begin(), limit);
    m_ids.resize(static_cast<std::size_t>(common));
    return common;
}

}  // namespace apertura
