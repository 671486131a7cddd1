// Byte pair encoding of one word by SentencePiece, over a model made in memory from a complete list
// of merges (merge_loop.h says what complete means).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "inference/status.h"
#include "inference/text/vocabulary.h"
#include "inference/text/word_merger.h"

namespace apertura {

class SentencePieceMerger final : public WordMerger {
public:
    // `order`: the tokens that merges make, highest priority first. The vocabulary outlives the
    // merger. Errors: fileCorrupt where SentencePiece refuses the model.
    static Result<std::unique_ptr<SentencePieceMerger>> make(std::span<const TokenId> order,
                                                             const Vocabulary& vocabulary);
    ~SentencePieceMerger() override;

    void merge(std::string_view word, std::vector<TokenId>& ids) const override;

private:
    struct Processor;
    SentencePieceMerger(std::unique_ptr<const Processor> processor, std::vector<TokenId> tokens,
                        const Vocabulary& vocabulary);

    std::unique_ptr<const Processor> m_processor;
    std::vector<TokenId> m_tokens;  // of each piece of the model
    const Vocabulary& m_vocabulary;
};

}  // namespace apertura
