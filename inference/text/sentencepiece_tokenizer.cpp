#include "inference/text/sentencepiece_tokenizer.h"

#include <charconv>
#include <cstdint>
#include <sentencepiece_processor.h>
#include <utility>
#include <vector>

#include "inference/text/text_stream.h"

namespace apertura {

namespace {

constexpr std::string_view kSpaceLetter = "\xE2\x96\x81";  // U+2581, a space within a piece

// One field of a protobuf message: number * 8 + wire type, then its content.
struct WireField {
    std::uint64_t number = 0;
    std::uint64_t value = 0;   // of a number
    std::string_view content;  // of a message or text
};

std::optional<std::uint64_t> takeNumber(std::string_view& wire) {
    std::uint64_t number = 0;
    for (unsigned shift = 0; shift < 64 && !wire.empty(); shift += 7) {
        const auto byte = static_cast<unsigned char>(wire.front());
        wire.remove_prefix(1);
        number |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
        if (byte < 0x80) {
            return number;
        }
    }
    return std::nullopt;
}

// The next field; absent at the end and where the bytes are none.
std::optional<WireField> takeField(std::string_view& wire) {
    const auto key = takeNumber(wire);
    if (!key) {
        return std::nullopt;
    }
    WireField field;
    field.number = *key >> 3;
    const std::uint64_t type = *key & 7;
    if (type == 0) {
        const auto value = takeNumber(wire);
        field.value = value.value_or(0);
        return value ? std::optional(field) : std::nullopt;
    }
    std::optional<std::uint64_t> length;
    if (type == 1 || type == 5) {
        length = type == 1 ? 8 : 4;
    } else if (type == 2) {
        length = takeNumber(wire);
    }
    if (!length || *length > wire.size()) {
        return std::nullopt;
    }
    field.content = wire.substr(0, *length);
    wire.remove_prefix(*length);
    return field;
}

// What the library does not tell about a model (ModelProto.normalizer_spec).
struct NormalizerSpec {
    bool hasTable = false;  // precompiled_charsmap
    bool addDummyPrefix = true;
    bool removeExtraWhitespaces = true;
};

NormalizerSpec readNormalizerSpec(std::string_view model) {
    NormalizerSpec spec;
    while (const auto field = takeField(model)) {
        std::string_view content = field->number == 3 ? field->content : std::string_view();
        while (const auto inner = takeField(content)) {
            spec.hasTable = inner->number == 2 ? !inner->content.empty() : spec.hasTable;
            spec.addDummyPrefix = inner->number == 3 ? inner->value != 0 : spec.addDummyPrefix;
            spec.removeExtraWhitespaces =
                inner->number == 4 ? inner->value != 0 : spec.removeExtraWhitespaces;
        }
    }
    return spec;
}

class SentencePieceTokenizer final : public Tokenizer {
public:
    explicit SentencePieceTokenizer(SentencePieceOptions options) : m_options(std::move(options)) {}

    Result<void> load(std::string_view model);

    std::vector<TokenId> encode(std::string_view text, const EncodeOptions& options) const override;
    std::string_view bytes(TokenId id) const override {
        return has(id) ? std::string_view(m_bytes[static_cast<std::size_t>(id)])
                       : std::string_view();
    }
    std::string_view piece(TokenId id) const override {
        return has(id) ? std::string_view(m_processor.IdToPiece(id)) : std::string_view();
    }
    bool isSpecial(TokenId id) const override {
        return has(id) && (m_processor.IsControl(id) || m_processor.IsUnknown(id));
    }
    std::optional<TokenId> find(std::string_view piece) const override;
    std::int64_t size() const override { return static_cast<std::int64_t>(m_bytes.size()); }
    std::optional<TokenId> bosToken() const override { return m_bos; }
    LeadingSpace leadingSpace() const override { return m_leadingSpace; }
    std::string bosText() const override { return m_options.bosText; }
    std::string eosText() const override { return m_options.eosText; }

private:
    bool has(TokenId id) const { return id >= 0 && id < size(); }
    std::string bytesOf(TokenId id) const;

    SentencePieceOptions m_options;
    sentencepiece::SentencePieceProcessor m_processor;
    std::vector<std::string> m_bytes;  // of each token
    std::optional<TokenId> m_bos;
    LeadingSpace m_leadingSpace = LeadingSpace::keep;
};

Result<void> SentencePieceTokenizer::load(std::string_view model) {
    const NormalizerSpec spec = readNormalizerSpec(model);
    if (spec.hasTable) {
        return Error{ErrorCode::unsupported,
                     "tokenizer.model: normalizer_spec.precompiled_charsmap is not empty, but only "
                     "the identity normalizer is read."};
    }
    const auto status = m_processor.LoadFromSerializedProto(model);
    if (!status.ok()) {
        return Error{ErrorCode::fileCorrupt, "tokenizer.model: is no SentencePiece model."};
    }
    const int count = m_processor.GetPieceSize();
    for (TokenId id = 0; id < count; ++id) {
        m_bytes.push_back(bytesOf(id));
    }
    if (spec.addDummyPrefix || spec.removeExtraWhitespaces) {
        m_leadingSpace = LeadingSpace::drop;
    }
    if (m_options.addBos) {
        const std::optional<TokenId> named = find(m_options.bosText);
        const TokenId own = m_processor.bos_id();
        m_bos = named || own < 0 ? named : own;
    }
    return {};
}

std::string SentencePieceTokenizer::bytesOf(TokenId id) const {
    const std::string& piece = m_processor.IdToPiece(id);
    if (m_processor.IsControl(id) || m_processor.IsUnknown(id)) {
        return piece;
    }
    // A byte is spelled "<0x0A>".
    if (m_processor.IsByte(id) && piece.size() == 6) {
        unsigned byte = 0;
        std::from_chars(piece.data() + 3, piece.data() + 5, byte, 16);
        return std::string(1, static_cast<char>(byte));
    }
    std::string bytes;
    std::size_t from = 0;
    for (std::size_t at = piece.find(kSpaceLetter); at != std::string::npos;
         at = piece.find(kSpaceLetter, from)) {
        bytes.append(piece, from, at - from).append(1, ' ');
        from = at + kSpaceLetter.size();
    }
    return bytes.append(piece, from);
}

std::vector<TokenId> SentencePieceTokenizer::encode(std::string_view text,
                                                    const EncodeOptions& options) const {
    std::vector<TokenId> ids;
    if (options.addBos && m_bos) {
        ids.push_back(*m_bos);
    }
    std::vector<int> pieces;
    const auto status = m_processor.Encode(toValidUtf8(text), &pieces);
    CHECK(status.ok());  // it fails only on a model that is not loaded
    ids.insert(ids.end(), pieces.begin(), pieces.end());
    return ids;
}

std::optional<TokenId> SentencePieceTokenizer::find(std::string_view piece) const {
    const TokenId id = m_processor.PieceToId(piece);
    return has(id) && m_processor.IdToPiece(id) == piece ? std::optional(id) : std::nullopt;
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> readSentencePieceTokenizer(std::string_view model,
                                                                    SentencePieceOptions options) {
    auto tokenizer = std::make_shared<SentencePieceTokenizer>(std::move(options));
    if (Result<void> loaded = tokenizer->load(model); !loaded) {
        return loaded.error();
    }
    return std::shared_ptr<const Tokenizer>(std::move(tokenizer));
}

}  // namespace apertura
