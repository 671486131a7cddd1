// The ids whose keys and values a sequence holds, so that a prompt that begins with them need not
// be read again.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "inference/backend/backend.h"

namespace apertura {

class KvCache {
public:
    KvCache(std::unique_ptr<Sequence> sequence, std::int64_t contextSize)
        : m_sequence(std::move(sequence)), m_contextSize(contextSize) {}

    Sequence& sequence() { return *m_sequence; }
    std::int64_t contextSize() const { return m_contextSize; }
    std::int64_t size() const { return static_cast<std::int64_t>(m_ids.size()); }

    // Forgets all but the longest beginning that `ids` shares, at most `limit` ids. Returns its
    // length.
    std::int64_t keepCommonPrefix(std::span<const TokenId> ids, std::int64_t limit);
    // Makes room for `count` more. Errors: outOfMemory. Requires: size() + count <= contextSize().
    Result<void> reserve(std::int64_t count) { return m_sequence->reserve(size() + count); }
    // These ids have been computed at the positions from size() on.
    void append(std::span<const TokenId> ids) { m_ids.insert(m_ids.end(), ids.begin(), ids.end()); }

private:
    std::unique_ptr<Sequence> m_sequence;
    std::int64_t m_contextSize;
    std::vector<TokenId> m_ids;
};

}  // namespace apertura
