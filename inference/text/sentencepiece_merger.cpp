#include "inference/text/sentencepiece_merger.h"

#include <array>
#include <bit>
#include <cstdint>
#include <sentencepiece_processor.h>
#include <string>
#include <utility>

#include "inference/text/tokenizer_file.h"

namespace apertura {

namespace {

// The fields of SentencePiece's ModelProto that are written, in protobuf's wire format: a key
// (field number * 8 + wire type), then a number, four bytes, or a length and its bytes.
enum WireType : std::uint32_t { varint = 0, bytes = 2, fixed32 = 5 };

constexpr std::uint32_t kPieces = 1;          // ModelProto: repeated SentencePiece
constexpr std::uint32_t kTrainerSpec = 2;     // ModelProto
constexpr std::uint32_t kNormalizerSpec = 3;  // ModelProto
constexpr std::uint32_t kPieceText = 1;       // SentencePiece
constexpr std::uint32_t kPieceScore = 2;
constexpr std::uint32_t kPieceType = 3;
constexpr std::uint64_t kUnknownPiece =
    2;                                   // a value of SentencePiece.Type; absent is a normal piece
constexpr std::uint32_t kModelType = 3;  // TrainerSpec
constexpr std::uint64_t kBpe = 2;        // a value of TrainerSpec.ModelType
constexpr std::uint32_t kNormalizerName = 1;  // NormalizerSpec
constexpr std::array<std::uint32_t, 3> kSwitchedOff = {
    3, 4, 5};  // NormalizerSpec: add_dummy_prefix,
               // remove_extra_whitespaces, escape_whitespaces

void putNumber(std::uint64_t number, std::string& wire) {
    for (; number >= 0x80; number >>= 7) {
        wire += static_cast<char>(number | 0x80);
    }
    wire += static_cast<char>(number);
}

void putField(std::uint32_t field, std::uint64_t number, std::string& wire) {
    putNumber(field << 3 | WireType::varint, wire);
    putNumber(number, wire);
}

void putField(std::uint32_t field, std::string_view text, std::string& wire) {
    putNumber(field << 3 | WireType::bytes, wire);
    putNumber(text.size(), wire);
    wire += text;
}

void putField(std::uint32_t field, float number, std::string& wire) {
    putNumber(field << 3 | WireType::fixed32, wire);
    const auto bits = std::bit_cast<std::uint32_t>(number);
    for (unsigned shift = 0; shift < 32; shift += 8) {
        wire += static_cast<char>(bits >> shift);
    }
}

class ModelWriter {
public:
    explicit ModelWriter(const ByteAlphabet& alphabet) : m_alphabet(alphabet) {
        // A model needs one unknown piece. A space is no letter of the alphabet, so nothing is it.
        std::string piece;
        putField(kPieceText, std::string_view(" "), piece);
        putField(kPieceType, kUnknownPiece, piece);
        putField(kPieces, std::string_view(piece), m_wire);
    }

    void add(std::string_view bytes, float score) {
        m_letters.clear();
        m_alphabet.spell(bytes, m_letters);
        m_piece.clear();
        putField(kPieceText, std::string_view(m_letters), m_piece);
        putField(kPieceScore, score, m_piece);
        putField(kPieces, std::string_view(m_piece), m_wire);
    }

    std::string finish() {
        std::string trainer;
        putField(kModelType, kBpe, trainer);
        putField(kTrainerSpec, std::string_view(trainer), m_wire);
        std::string normalizer;
        putField(kNormalizerName, std::string_view("identity"), normalizer);
        for (const std::uint32_t field : kSwitchedOff) {
            putField(field, std::uint64_t{0}, normalizer);
        }
        putField(kNormalizerSpec, std::string_view(normalizer), m_wire);
        return std::move(m_wire);
    }

private:
    const ByteAlphabet& m_alphabet;
    std::string m_wire;
    std::string m_letters;
    std::string m_piece;
};

}  // namespace

struct SentencePieceMerger::Processor {
    sentencepiece::SentencePieceProcessor sentencePiece;
};

SentencePieceMerger::SentencePieceMerger(std::unique_ptr<const Processor> processor,
                                         std::vector<TokenId> tokens, const Vocabulary& vocabulary)
    : m_processor(std::move(processor)), m_tokens(std::move(tokens)), m_vocabulary(vocabulary) {}

SentencePieceMerger::~SentencePieceMerger() = default;

Result<std::unique_ptr<SentencePieceMerger>> SentencePieceMerger::make(
    std::span<const TokenId> order, const Vocabulary& vocabulary) {
    ModelWriter writer(vocabulary.alphabet());
    std::vector<TokenId> tokens = {0};  // the unknown piece, never seen
    for (unsigned byte = 0; byte < 256; ++byte) {
        const TokenId id = vocabulary.byteToken(static_cast<unsigned char>(byte));
        writer.add(vocabulary.bytes(id), 0.0f);
        tokens.push_back(id);
    }
    for (std::size_t i = 0; i < order.size(); ++i) {
        writer.add(vocabulary.bytes(order[i]), -static_cast<float>(i));
        tokens.push_back(order[i]);
    }
    auto processor = std::make_unique<Processor>();
    const auto status = processor->sentencePiece.LoadFromSerializedProto(writer.finish());
    if (!status.ok()) {
        return corruptTokenizer("SentencePiece cannot read model.merges (" + status.ToString() +
                                ")");
    }
    return std::unique_ptr<SentencePieceMerger>(
        new SentencePieceMerger(std::move(processor), std::move(tokens), vocabulary));
}

void SentencePieceMerger::merge(std::string_view word, std::vector<TokenId>& ids) const {
    std::string letters;
    m_vocabulary.alphabet().spell(word, letters);
    std::vector<int> pieces;
    const auto status = m_processor->sentencePiece.Encode(letters, &pieces);
    CHECK(status.ok());  // it fails only on a model that is not loaded
    for (const int piece : pieces) {
        ids.push_back(m_tokens[static_cast<std::size_t>(piece)]);
    }
}

}  // namespace apertura
