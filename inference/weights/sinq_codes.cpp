#include "inference/weights/sinq_codes.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace apertura {

namespace {

struct Packing {
    TensorType word;
    int blocks;
};

// 3, 5 and 6 bits fill 30 of 32: ten, six and five codes.
Packing packingOf(int bits) {
    switch (bits) {
        case 1:
            return {TensorType::u8, 8};
        case 2:
            return {TensorType::u8, 4};
        case 4:
            return {TensorType::u8, 2};
        case 3:
        case 5:
        case 6:
            return {TensorType::i32, 30 / bits};
        default:
            return {TensorType::u8, 1};
    }
}

template <typename Word>
void unpackBlock(const std::byte* words, int shift, int bits, std::span<std::uint8_t> codes) {
    const auto mask = static_cast<std::uint32_t>((1U << bits) - 1U);
    for (std::size_t i = 0; i < codes.size(); ++i) {
        Word word = 0;
        std::memcpy(&word, words + i * sizeof(Word), sizeof(Word));
        codes[i] = static_cast<std::uint8_t>((static_cast<std::uint32_t>(word) >> shift) & mask);
    }
}

}  // namespace

void SinqCodes::unpack(std::int64_t first, std::span<std::uint8_t> codes) const {
    const std::byte* const words = tensor->bytes().data();
    const bool wide = tensor->type() == TensorType::i32;
    while (!codes.empty()) {
        const std::int64_t block = first / stride;
        const std::int64_t offset = first % stride;
        const auto count = std::min(codes.size(), static_cast<std::size_t>(stride - offset));
        const auto shift = static_cast<int>(bits * (blocks - 1 - block));
        if (wide) {
            unpackBlock<std::uint32_t>(words + 4 * offset, shift, bits, codes.first(count));
        } else {
            unpackBlock<std::uint8_t>(words + offset, shift, bits, codes.first(count));
        }
        codes = codes.subspan(count);
        first += static_cast<std::int64_t>(count);
    }
}

Result<SinqCodes> describeSinqCodes(const Tensor& tensor, int bits, std::int64_t count,
                                    std::int64_t groupSize) {
    if (tensor.elements() == count && tensor.type() == TensorType::u8) {
        const auto bytes = tensor.bytes();
        const bool tooLarge =
            bits < 8 && std::any_of(bytes.begin(), bytes.end(), [bits](std::byte code) {
                return std::to_integer<int>(code) >> bits != 0;
            });
        if (tooLarge) {
            return tensor.fault("holds a code that " + std::to_string(bits) + " bits cannot hold.");
        }
        return SinqCodes{&tensor, bits, 1, count};
    }
    const Packing packing = packingOf(bits);
    const std::int64_t rows = count / groupSize;
    const std::int64_t words = (rows + packing.blocks - 1) / packing.blocks * groupSize;
    if (tensor.type() != packing.word || tensor.elements() != words) {
        return tensor.fault("has shape " + shapeText(tensor.shape()) + " and dtype " +
                            tensorTypeName(tensor.type()) + ", but " + std::to_string(count) +
                            " codes of " + std::to_string(bits) + " bits need " +
                            std::to_string(words) + " elements of " + tensorTypeName(packing.word) +
                            ".");
    }
    return SinqCodes{&tensor, bits, packing.blocks, words};
}

}  // namespace apertura
