// Byte pair encoding by the file's own list of merges: of all neighbours that the list joins, those
// with the lowest rank first, the leftmost of equals. O(n log n) in the length of the word.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "inference/status.h"
#include "inference/text/tokenizer_file.h"
#include "inference/text/vocabulary.h"
#include "inference/text/word_merger.h"

namespace apertura {

// The merges by their two parts.
class MergeTable {
public:
    struct Merge {
        TokenId left = 0;
        TokenId right = 0;
        TokenId result = 0;
    };

    // Errors: fileCorrupt for a merge whose parts or result are no tokens, or that is there twice.
    static Result<MergeTable> read(const TokenizerFile& file, const Vocabulary& vocabulary);

    // In the order of the file's list: the position is the rank.
    const std::vector<Merge>& merges() const { return m_merges; }
    // The rank of the merge of these two; -1 where there is none.
    std::int32_t find(TokenId left, TokenId right) const { return m_places[placeOf(left, right)]; }

private:
    std::size_t placeOf(TokenId left, TokenId right) const;

    std::vector<Merge> m_merges;
    std::vector<std::int32_t> m_places;  // ranks, -1 where free; open addressing, a power of two
};

class MergeLoop final : public WordMerger {
public:
    // The vocabulary outlives it.
    MergeLoop(MergeTable table, const Vocabulary& vocabulary)
        : m_table(std::move(table)), m_vocabulary(vocabulary) {}
    void merge(std::string_view word, std::vector<TokenId>& ids) const override;

private:
    MergeTable m_table;
    const Vocabulary& m_vocabulary;
};

// Tokens by falling priority, if the list is *complete*: it joins neighbours whenever the two
// together are a token, and every merge into one token stands beside the others. Then "join the
// neighbours whose union has the highest priority" is the same rule, and SentencePiece, which knows
// no list, can apply it. Absent otherwise.
//
// One difference remains in theory: of two overlapping pairs with the same union the list prefers
// the earlier merge, SentencePiece the left pair. 1.3 million words of 196 languages, random and
// periodic strings show none.
std::optional<std::vector<TokenId>> priorityOfCompleteList(const MergeTable& table,
                                                           const Vocabulary& vocabulary);

}  // namespace apertura
