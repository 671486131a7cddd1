#include "inference/text/merge_loop.h"

#include <bit>
#include <bitset>
#include <string>

#include <queue>

namespace apertura {

namespace {

// Bytes. The check for a complete list takes the square of a token's length; 76 is the longest
// known.
constexpr std::size_t kLongestToken = 256;

Error unknownPart(std::size_t index, std::string_view piece) {
    return corruptTokenizer("model.merges[" + std::to_string(index) + "] needs the token " +
                            inQuotes(piece) + ", which model.vocab does not have");
}

std::size_t hashOf(TokenId left, TokenId right) {
    const std::uint64_t pair =
        (static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32) |
        static_cast<std::uint32_t>(right);
    return static_cast<std::size_t>((pair * 0x9E3779B97F4A7C15u) >> 24);
}

// Finds the tokens of one merge after the other.
class MergeReader {
public:
    explicit MergeReader(const Vocabulary& vocabulary) : m_vocabulary(vocabulary) {}

    Result<MergeTable::Merge> read(std::size_t index, std::string_view left,
                                   std::string_view right) {
        const Vocabulary& vocabulary = m_vocabulary;
        m_bytes.clear();
        const bool leftIsBytes = vocabulary.alphabet().read(left, m_bytes);
        const std::size_t cut = m_bytes.size();
        if (!leftIsBytes || left.empty() || right.empty() ||
            !vocabulary.alphabet().read(right, m_bytes)) {
            return readByName(index, left, right);
        }
        const std::string_view joined = m_bytes;
        const auto leftId = vocabulary.findBytes(joined.substr(0, cut));
        const auto rightId = vocabulary.findBytes(joined.substr(cut));
        if (!leftId || !rightId) {
            return unknownPart(index, leftId ? right : left);
        }
        // The merges into one token mostly stand together.
        if (!m_result || vocabulary.bytes(*m_result) != joined) {
            m_result = vocabulary.findBytes(joined);
        }
        if (!m_result) {
            return unknownPart(index, std::string(left).append(right));
        }
        return MergeTable::Merge{*leftId, *rightId, *m_result};
    }

private:
    // For tokens that are not spelled in the alphabet of bytes.
    Result<MergeTable::Merge> readByName(std::size_t index, std::string_view left,
                                         std::string_view right) const {
        const std::string joined = std::string(left).append(right);
        const auto leftId = m_vocabulary.find(left);
        const auto rightId = m_vocabulary.find(right);
        const auto result = m_vocabulary.find(joined);
        if (!leftId || !rightId || !result) {
            return unknownPart(index, !leftId ? left : !rightId ? right : joined);
        }
        return MergeTable::Merge{*leftId, *rightId, *result};
    }

    const Vocabulary& m_vocabulary;
    std::string m_bytes;
    std::optional<TokenId> m_result;  // of the merge before
};

// A part of the word; gone once it is merged into its left neighbour.
struct Symbol {
    TokenId id = 0;
    std::int32_t previous = -1;
    std::int32_t next = -1;
    bool gone = false;
};

struct Candidate {
    std::int32_t rank = 0;
    std::int32_t position = 0;  // of the left symbol

    // The queue's top is its greatest.
    bool operator<(const Candidate& other) const {
        return rank != other.rank ? rank > other.rank : position > other.position;
    }
};

using Cuts = std::bitset<kLongestToken + 1>;  // lengths of left parts, in bytes

// Whether the list of merges joins whatever two tokens together are a token.
class Completeness {
public:
    explicit Completeness(const Vocabulary& vocabulary) : m_vocabulary(vocabulary) {}

    bool isMergeable(std::optional<TokenId> id) const {
        return id && m_vocabulary.isModelToken(*id) && !m_vocabulary.isAdded(*id);
    }
    // Whether `cuts` are all places where the token can be cut into two tokens. Requires: at each
    // of them it can. False also for a token too long to be looked at.
    bool hasNoOtherCut(TokenId id, const Cuts& cuts) const {
        const std::string_view bytes = m_vocabulary.bytes(id);
        if (bytes.size() > kLongestToken) {
            return false;
        }
        for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
            // The right part first: it is a token less often.
            if (!cuts[cut] && isMergeable(m_vocabulary.findBytes(bytes.substr(cut))) &&
                isMergeable(m_vocabulary.findBytes(bytes.substr(0, cut)))) {
                return false;
            }
        }
        return true;
    }

private:
    const Vocabulary& m_vocabulary;
};

}  // namespace

Result<MergeTable> MergeTable::read(const TokenizerFile& file, const Vocabulary& vocabulary) {
    MergeTable table;
    table.m_merges.reserve(file.merges.size());
    table.m_places.resize(std::bit_ceil(2 * file.merges.size() + 1), -1);
    MergeReader reader(vocabulary);
    for (std::size_t i = 0; i < file.merges.size(); ++i) {
        const Result<Merge> merge =
            reader.read(i, file.text(file.merges[i].left), file.text(file.merges[i].right));
        if (!merge) {
            return merge.error();
        }
        std::int32_t& rank = table.m_places[table.placeOf(merge->left, merge->right)];
        if (rank >= 0) {
            return corruptTokenizer("model.merges[" + std::to_string(i) +
                                    "] repeats model.merges[" + std::to_string(rank) + "]");
        }
        rank = static_cast<std::int32_t>(i);
        table.m_merges.push_back(*merge);
    }
    return table;
}

// The place that holds this pair, or the free one where it belongs.
std::size_t MergeTable::placeOf(TokenId left, TokenId right) const {
    const std::size_t mask = m_places.size() - 1;
    for (std::size_t i = hashOf(left, right) & mask;; i = (i + 1) & mask) {
        if (m_places[i] < 0) {
            return i;
        }
        const Merge& merge = m_merges[static_cast<std::size_t>(m_places[i])];
        if (merge.left == left && merge.right == right) {
            return i;
        }
    }
}

void MergeLoop::merge(std::string_view word, std::vector<TokenId>& ids) const {
    std::vector<Symbol> symbols(word.size());
    std::priority_queue<Candidate> queue;
    const auto resultOf = [&](std::int32_t rank) {
        return m_table.merges()[static_cast<std::size_t>(rank)].result;
    };
    const auto consider = [&](std::int32_t left, std::int32_t right) {
        if (left < 0 || right < 0) {
            return;
        }
        const std::int32_t rank = m_table.find(symbols[static_cast<std::size_t>(left)].id,
                                               symbols[static_cast<std::size_t>(right)].id);
        if (rank >= 0) {
            queue.push({rank, left});
        }
    };
    const auto count = static_cast<std::int32_t>(word.size());
    for (std::int32_t i = 0; i < count; ++i) {
        const auto byte = static_cast<unsigned char>(word[static_cast<std::size_t>(i)]);
        symbols[static_cast<std::size_t>(i)] = {m_vocabulary.byteToken(byte), i - 1,
                                                i + 1 < count ? i + 1 : -1};
        consider(i - 1, i < 1 ? -1 : i);
    }
    while (!queue.empty()) {
        const Candidate best = queue.top();
        queue.pop();
        Symbol& left = symbols[static_cast<std::size_t>(best.position)];
        if (left.gone || left.next < 0) {
            continue;
        }
        // Neighbours may have changed since this was queued.
        Symbol& right = symbols[static_cast<std::size_t>(left.next)];
        const TokenId result = resultOf(best.rank);
        const std::int32_t rank = m_table.find(left.id, right.id);
        if (rank < 0 || resultOf(rank) != result) {
            continue;
        }
        left.id = result;
        right.gone = true;
        left.next = right.next;
        if (left.next >= 0) {
            symbols[static_cast<std::size_t>(left.next)].previous = best.position;
        }
        consider(left.previous, best.position);
        consider(best.position, left.next);
    }
    for (std::int32_t i = 0; i >= 0 && i < count; i = symbols[static_cast<std::size_t>(i)].next) {
        ids.push_back(symbols[static_cast<std::size_t>(i)].id);
    }
}

std::optional<std::vector<TokenId>> priorityOfCompleteList(const MergeTable& table,
                                                           const Vocabulary& vocabulary) {
    const Completeness completeness(vocabulary);
    const std::vector<MergeTable::Merge>& merges = table.merges();
    std::vector<TokenId> order;
    std::vector<bool> done(static_cast<std::size_t>(vocabulary.size()));
    for (std::size_t i = 0; i < merges.size();) {
        const TokenId result = merges[i].result;
        if (done[static_cast<std::size_t>(result)] || !completeness.isMergeable(result)) {
            return std::nullopt;
        }
        Cuts cuts;
        for (; i < merges.size() && merges[i].result == result; ++i) {
            const std::size_t cut = vocabulary.bytes(merges[i].left).size();
            if (cut > kLongestToken || !completeness.isMergeable(merges[i].left) ||
                !completeness.isMergeable(merges[i].right)) {
                return std::nullopt;
            }
            cuts.set(cut);
        }
        if (!completeness.hasNoOtherCut(result, cuts)) {
            return std::nullopt;
        }
        done[static_cast<std::size_t>(result)] = true;
        order.push_back(result);
    }
    for (TokenId id = 0; id < vocabulary.size(); ++id) {
        if (!done[static_cast<std::size_t>(id)] && completeness.isMergeable(id) &&
            !completeness.hasNoOtherCut(id, {})) {
            return std::nullopt;
        }
    }
    return order;
}

}  // namespace apertura
