#include "inference/text/vocabulary.h"

#include <algorithm>
#include <bit>
#include <utility>
#include <xxhash.h>

namespace apertura {

namespace {

using Json = nlohmann::json;

// A flag of an added token; absent is false.
Result<bool> flag(const Json& entry, const char* name, const std::string& where) {
    const auto member = entry.find(name);
    if (member == entry.end() || member->is_null()) {
        return false;
    }
    if (!member->is_boolean()) {
        return corruptTokenizer(where + "." + name + " is neither true nor false");
    }
    return member->get<bool>();
}

Result<AddedToken> readAddedToken(const Json& entry, const std::string& where) {
    if (!entry.is_object()) {
        return corruptTokenizer(where + " is not an object");
    }
    const auto content = entry.find("content");
    if (content == entry.end() || !content->is_string() ||
        content->get_ref<const std::string&>().empty()) {
        return corruptTokenizer(where + ".content is not a text, or is empty");
    }
    for (const char* name : {"lstrip", "rstrip", "single_word"}) {
        const Result<bool> set = flag(entry, name, where);
        if (!set) {
            return set.error();
        }
        if (*set) {
            return unsupportedTokenizer(
                where + "." + name + " is true, but only added tokens that match exactly are read");
        }
    }
    const Result<bool> special = flag(entry, "special", where);
    const Result<bool> normalized = flag(entry, "normalized", where);
    if (!special || !normalized) {
        return special ? normalized.error() : special.error();
    }
    const auto id = entry.find("id");
    if (id == entry.end() || !id->is_number_unsigned()) {
        return corruptTokenizer(where + ".id is not a whole number from 0 on");
    }
    const auto number = id->get<std::uint64_t>();
    if (number > 0x7FFFFFFF) {
        return corruptTokenizer(where + ".id is " + std::to_string(number) +
                                ", beyond the ids of all tokens");
    }
    return AddedToken{static_cast<TokenId>(number), content->get<std::string>(), *special,
                      *normalized};
}

}  // namespace

Result<Vocabulary> Vocabulary::read(const TokenizerFile& file) {
    Vocabulary vocabulary;
    const auto added = file.rest.find("added_tokens");
    const bool hasAdded = added != file.rest.end() && !added->is_null();
    if (hasAdded && !added->is_array()) {
        return corruptTokenizer("added_tokens is not a list");
    }
    // Ids have no holes, so none can be as large as the number of entries.
    vocabulary.m_tokens.resize(file.vocabulary.size() + (hasAdded ? added->size() : 0));
    vocabulary.m_slots.resize(std::bit_ceil(file.vocabulary.size() * 3 / 2 + 1));
    vocabulary.m_texts.reserve(2 * file.vocabulary.size() * 8);
    if (Result<void> taken = vocabulary.takeModelTokens(file); !taken) {
        return taken.error();
    }
    if (hasAdded) {
        if (Result<void> taken = vocabulary.takeAddedTokens(*added); !taken) {
            return taken.error();
        }
    }
    if (Result<void> checked = vocabulary.checkIds(); !checked) {
        return checked.error();
    }
    return vocabulary;
}

TokenizerFile::Slice Vocabulary::keep(std::string_view text) {
    const auto begin = static_cast<std::uint32_t>(m_texts.size());
    m_texts += text;
    return {begin, static_cast<std::uint32_t>(text.size())};
}

// The slot that holds `bytes`, or the free one where they belong.
Vocabulary::Slot* Vocabulary::place(std::string_view bytes) {
    const std::uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t i = hash & (m_slots.size() - 1);; i = (i + 1) & (m_slots.size() - 1)) {
        Slot& slot = m_slots[i];
        if (slot.id < 0) {
            slot.tag = tag;
            return &slot;
        }
        if (slot.tag == tag && slice(slot.bytes) == bytes) {
            return &slot;
        }
    }
}

std::optional<TokenId> Vocabulary::findBytes(std::string_view bytes) const {
    const std::uint64_t hash = XXH3_64bits(bytes.data(), bytes.size());
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    for (std::size_t i = hash & (m_slots.size() - 1);; i = (i + 1) & (m_slots.size() - 1)) {
        const Slot& slot = m_slots[i];
        if (slot.id < 0) {
            return std::nullopt;
        }
        if (slot.tag == tag && slice(slot.bytes) == bytes) {
            return slot.id;
        }
    }
}

std::optional<TokenId> Vocabulary::find(std::string_view piece) const {
    if (const auto named = m_named.find(std::string(piece)); named != m_named.end()) {
        return named->second;
    }
    std::string bytes;
    return m_alphabet.read(piece, bytes) ? findBytes(bytes) : std::nullopt;
}

Result<void> Vocabulary::takeModelTokens(const TokenizerFile& file) {
    std::string bytes;
    for (const TokenizerFile::VocabularyEntry& entry : file.vocabulary) {
        const std::string_view piece = file.text(entry.piece);
        if (entry.id >= size()) {
            return corruptTokenizer("model.vocab gives " + inQuotes(piece) + " the id " +
                                    std::to_string(entry.id) + ", but with only " +
                                    std::to_string(size()) +
                                    " tokens that leaves ids without a token");
        }
        const auto id = static_cast<TokenId>(entry.id);
        Token& token = m_tokens[static_cast<std::size_t>(id)];
        if (std::exchange(token.used, true)) {
            return corruptTokenizer("model.vocab gives the id " + std::to_string(id) + " to both " +
                                    inQuotes(slice(token.piece)) + " and " + inQuotes(piece));
        }
        token.piece = keep(piece);
        bytes.clear();
        token.ofModel = !piece.empty() && m_alphabet.read(piece, bytes);
        if (!token.ofModel) {
            token.bytes = token.piece;
            if (!m_named.emplace(piece, id).second) {
                return corruptTokenizer("model.vocab names " + inQuotes(piece) + " twice");
            }
            continue;
        }
        token.bytes = bytes == piece ? token.piece : keep(bytes);
        Slot* slot = place(bytes);
        if (slot->id >= 0) {
            return corruptTokenizer("model.vocab names " + inQuotes(piece) + " twice");
        }
        slot->id = id;
        slot->bytes = token.bytes;
    }
    for (unsigned byte = 0; byte < m_byteTokens.size(); ++byte) {
        const char letter = static_cast<char>(byte);
        const auto id = findBytes(std::string_view(&letter, 1));
        if (!id) {
            return corruptTokenizer("model.vocab has no token for the byte " +
                                    std::to_string(byte) + ", spelled " +
                                    inQuotes(m_alphabet.letter(static_cast<unsigned char>(byte))));
        }
        m_byteTokens[byte] = *id;
    }
    return {};
}

Result<void> Vocabulary::takeAddedTokens(const Json& list) {
    for (std::size_t i = 0; i < list.size(); ++i) {
        const std::string where = "added_tokens[" + std::to_string(i) + "]";
        Result<AddedToken> token = readAddedToken(list[i], where);
        if (!token) {
            return token.error();
        }
        if (Result<void> taken = takeAddedToken(std::move(token.value()), where); !taken) {
            return taken;
        }
    }
    return {};
}

Result<void> Vocabulary::takeAddedToken(AddedToken token, const std::string& where) {
    const std::string name = where + " (" + inQuotes(token.content) + ")";
    if (!has(token.id)) {
        return corruptTokenizer(name + " has the id " + std::to_string(token.id) +
                                ", beyond the ids of all " + std::to_string(size()) + " tokens");
    }
    const std::optional<TokenId> known = find(token.content);
    if (known && *known != token.id) {
        return corruptTokenizer(name + " has the id " + std::to_string(token.id) +
                                ", but that text has the id " + std::to_string(*known));
    }
    Token& entry = m_tokens[static_cast<std::size_t>(token.id)];
    if (entry.added || (entry.used && !known)) {
        return corruptTokenizer(name + " has the id " + std::to_string(token.id) + ", which " +
                                inQuotes(slice(entry.piece)) + " has already");
    }
    // The bytes of an added token are its spelling; those of a token of the model are what its
    // letters stand for. One that is both must not differ in them.
    if (!entry.used) {
        entry.piece = keep(token.content);
        entry.bytes = entry.piece;
    } else if (slice(entry.bytes) != token.content) {
        return unsupportedTokenizer(name +
                                    " is also a token of model.vocab, but is not plain ASCII");
    }
    entry.used = true;
    entry.added = true;
    entry.special = token.special;
    m_named.emplace(token.content, token.id);
    m_addedTokens.push_back(std::move(token));
    return {};
}

// Drops the unused end of the table and looks for holes before it.
Result<void> Vocabulary::checkIds() {
    while (!m_tokens.empty() && !m_tokens.back().used) {
        m_tokens.pop_back();
    }
    const auto hole = std::find_if(m_tokens.begin(), m_tokens.end(),
                                   [](const Token& token) { return !token.used; });
    if (hole != m_tokens.end()) {
        return corruptTokenizer("model.vocab has no token with the id " +
                                std::to_string(hole - m_tokens.begin()) + ", though ids go up to " +
                                std::to_string(size() - 1));
    }
    m_tokens.shrink_to_fit();
    return {};
}

}  // namespace apertura
