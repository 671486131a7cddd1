// The tokenizer of tokenizer.json: added tokens cut out first, then normalizer, words by the file's
// regular expression, and byte-level BPE on each word.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "inference/text/added_token_cutter.h"
#include "inference/text/pretokenizer.h"
#include "inference/text/tokenizer.h"
#include "inference/text/tokenizer_recipe.h"
#include "inference/text/vocabulary.h"
#include "inference/text/word_cache.h"
#include "inference/text/word_merger.h"

namespace apertura {

// From tokenizer_config.json; empty where it has none.
struct SpecialTexts {
    std::string bos;
    std::string eos;
};

// What merges the words: SentencePiece where the list of merges is complete (merge_loop.h), else
// the loop over the list; or the loop in any case.
enum class MergeChoice { automatic, loop };

class ByteLevelTokenizer final : public Tokenizer {
public:
    // `json`: the content of tokenizer.json.
    // Errors: fileCorrupt, unsupported; the sentence names tokenizer.json and the field.
    static Result<std::shared_ptr<const ByteLevelTokenizer>> read(
        std::string_view json, SpecialTexts texts, MergeChoice choice = MergeChoice::automatic);

    std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override;
    std::string_view bytes(TokenId id) const override;
    std::string_view piece(TokenId id) const override;
    bool isSpecial(TokenId id) const override;
    std::optional<TokenId> find(std::string_view piece) const override;
    std::int64_t size() const override { return m_vocabulary->size(); }
    std::optional<TokenId> bosToken() const override { return m_recipe.bos; }
    std::string bosText() const override { return m_texts.bos; }
    std::string eosText() const override { return m_texts.eos; }

    bool mergesBySentencePiece() const { return m_sentencePiece != nullptr; }

private:
    ByteLevelTokenizer(std::unique_ptr<const Vocabulary> vocabulary, TokenizerRecipe recipe,
                       SpecialTexts texts);
    Result<void> prepare(const TokenizerFile& file, MergeChoice choice);
    void encodeWords(std::string_view text, Pretokenizer::Scratch* scratch,
                     std::vector<TokenId>& ids) const;
    void encodeWord(std::string_view word, std::vector<TokenId>& ids) const;
    void encodeParts(std::string_view text, const EncodeOptions& options,
                     std::vector<TokenId>& ids) const;

    std::unique_ptr<const Vocabulary> m_vocabulary;  // at a fixed place: the mergers refer to it
    TokenizerRecipe m_recipe;
    SpecialTexts m_texts;
    AddedTokenCutter m_beforeNormalizer;
    AddedTokenCutter m_behindNormalizer;
    std::optional<Pretokenizer> m_pretokenizer;
    std::unique_ptr<const WordMerger> m_loop;
    std::unique_ptr<const WordMerger> m_sentencePiece;
    mutable WordCache m_cache;
};

}  // namespace apertura
