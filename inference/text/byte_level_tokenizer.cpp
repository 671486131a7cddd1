#include "inference/text/byte_level_tokenizer.h"

#include <utility>

#include "inference/text/merge_loop.h"
#include "inference/text/sentencepiece_merger.h"
#include "inference/text/text_stream.h"
#include "inference/text/tokenizer_file.h"

namespace apertura {

namespace {

using Replacements = std::vector<TokenizerRecipe::Replacement>;

// SentencePiece is asked for words; what is far longer than any goes to the loop, whose cost is
// known.
constexpr std::size_t kLongestSentencePieceWord = 4096;  // bytes

std::string normalize(std::string_view text, const Replacements& replacements) {
    std::string normalized(text);
    for (const TokenizerRecipe::Replacement& replacement : replacements) {
        std::string replaced;
        std::size_t from = 0;
        for (std::size_t at = normalized.find(replacement.from); at != std::string::npos;
             at = normalized.find(replacement.from, from)) {
            replaced.append(normalized, from, at - from).append(replacement.to);
            from = at + replacement.from.size();
        }
        normalized = replaced.append(normalized, from);
    }
    return normalized;
}

// The added tokens that are looked for in the text as it is, or in the normalized text. The
// latter's own spellings are normalized, too.
std::vector<AddedToken> select(const std::vector<AddedToken>& tokens, bool normalized,
                               const Replacements& replacements) {
    std::vector<AddedToken> selected;
    for (const AddedToken& token : tokens) {
        if (token.normalized == normalized) {
            selected.push_back(token);
            if (normalized) {
                selected.back().content = normalize(token.content, replacements);
            }
        }
    }
    return selected;
}

}  // namespace

ByteLevelTokenizer::ByteLevelTokenizer(std::unique_ptr<const Vocabulary> vocabulary,
                                       TokenizerRecipe recipe, SpecialTexts texts)
    : m_vocabulary(std::move(vocabulary)),
      m_recipe(std::move(recipe)),
      m_texts(std::move(texts)),
      m_beforeNormalizer(select(m_vocabulary->addedTokens(), false, m_recipe.replacements)),
      m_behindNormalizer(select(m_vocabulary->addedTokens(), true, m_recipe.replacements)) {}

Result<std::shared_ptr<const ByteLevelTokenizer>> ByteLevelTokenizer::read(std::string_view json,
                                                                           SpecialTexts texts,
                                                                           MergeChoice choice) {
    const Result<TokenizerFile> file = parseTokenizerFile(json);
    if (!file) {
        return file.error();
    }
    Result<TokenizerRecipe> recipe = readTokenizerRecipe(file->rest);
    if (!recipe) {
        return recipe.error();
    }
    for (const auto& [is, name] :
         {std::pair(file->hasVocabulary, "vocab"), {file->hasMerges, "merges"}}) {
        if (!is) {
            return corruptTokenizer(std::string("model.") + name + " is missing");
        }
    }
    Result<Vocabulary> vocabulary = Vocabulary::read(*file);
    if (!vocabulary) {
        return vocabulary.error();
    }
    std::shared_ptr<ByteLevelTokenizer> tokenizer(
        new ByteLevelTokenizer(std::make_unique<const Vocabulary>(std::move(vocabulary.value())),
                               std::move(recipe.value()), std::move(texts)));
    if (Result<void> prepared = tokenizer->prepare(*file, choice); !prepared) {
        return prepared.error();
    }
    return std::shared_ptr<const ByteLevelTokenizer>(std::move(tokenizer));
}

Result<void> ByteLevelTokenizer::prepare(const TokenizerFile& file, MergeChoice choice) {
    if (m_recipe.bos && !m_vocabulary->has(*m_recipe.bos)) {
        return corruptTokenizer("post_processor names the id " + std::to_string(*m_recipe.bos) +
                                ", which no token has");
    }
    if (m_recipe.pattern) {
        Result<Pretokenizer> pretokenizer = Pretokenizer::compile(*m_recipe.pattern);
        if (!pretokenizer) {
            return pretokenizer.error();
        }
        m_pretokenizer = std::move(pretokenizer.value());
    }
    Result<MergeTable> table = MergeTable::read(file, *m_vocabulary);
    if (!table) {
        return table.error();
    }
    const auto order = choice == MergeChoice::automatic
                           ? priorityOfCompleteList(*table, *m_vocabulary)
                           : std::nullopt;
    if (order) {
        auto merger = SentencePieceMerger::make(*order, *m_vocabulary);
        if (!merger) {
            return merger.error();
        }
        m_sentencePiece = std::move(merger.value());
    }
    m_loop = std::make_unique<const MergeLoop>(std::move(table.value()), *m_vocabulary);
    return {};
}

std::vector<TokenId> ByteLevelTokenizer::encode(std::string_view text,
                                                const EncodeOptions& options) const {
    std::vector<TokenId> ids;
    if (options.addBos && m_recipe.bos) {
        ids.push_back(*m_recipe.bos);
    }
    encodeParts(toValidUtf8(text), options, ids);
    return ids;
}

void ByteLevelTokenizer::encodeParts(std::string_view text, const EncodeOptions& options,
                                     std::vector<TokenId>& ids) const {
    std::optional<Pretokenizer::Scratch> scratch;
    if (m_pretokenizer) {
        scratch.emplace(*m_pretokenizer);
    }
    std::vector<TextPart> parts;
    m_beforeNormalizer.cut(text, options.specialTokens, parts);
    std::vector<TextPart> innerParts;
    for (const TextPart& part : parts) {
        if (part.added) {
            ids.push_back(*part.added);
            continue;
        }
        const std::string normalized = normalize(part.text, m_recipe.replacements);
        innerParts.clear();
        m_behindNormalizer.cut(normalized, options.specialTokens, innerParts);
        for (const TextPart& inner : innerParts) {
            if (inner.added) {
                ids.push_back(*inner.added);
            } else {
                encodeWords(inner.text, scratch ? &*scratch : nullptr, ids);
            }
        }
    }
}

void ByteLevelTokenizer::encodeWords(std::string_view text, Pretokenizer::Scratch* scratch,
                                     std::vector<TokenId>& ids) const {
    if (!m_pretokenizer) {
        encodeWord(text, ids);
        return;
    }
    std::vector<std::string_view> words;
    m_pretokenizer->split(text, *scratch, words);
    for (const std::string_view word : words) {
        encodeWord(word, ids);
    }
}

void ByteLevelTokenizer::encodeWord(std::string_view word, std::vector<TokenId>& ids) const {
    if (m_recipe.ignoreMerges) {
        if (const auto whole = m_vocabulary->findBytes(word)) {
            ids.push_back(*whole);
            return;
        }
    }
    if (m_cache.find(word, ids)) {
        return;
    }
    const bool bySentencePiece = m_sentencePiece && word.size() <= kLongestSentencePieceWord;
    std::vector<TokenId> merged;
    (bySentencePiece ? m_sentencePiece : m_loop)->merge(word, merged);
    ids.insert(ids.end(), merged.begin(), merged.end());
    m_cache.keep(word, std::move(merged));
}

std::string_view ByteLevelTokenizer::bytes(TokenId id) const {
    return m_vocabulary->has(id) ? m_vocabulary->bytes(id) : std::string_view();
}

std::string_view ByteLevelTokenizer::piece(TokenId id) const {
    return m_vocabulary->has(id) ? m_vocabulary->piece(id) : std::string_view();
}

bool ByteLevelTokenizer::isSpecial(TokenId id) const {
    return m_vocabulary->has(id) && m_vocabulary->isSpecial(id);
}

std::optional<TokenId> ByteLevelTokenizer::find(std::string_view piece) const {
    return m_vocabulary->find(piece);
}

}  // namespace apertura
