// Where the code, scale and zero of a weight lie in a packed QuantizedMatrix. The loaders write by
// these functions and every kernel reads by them; nothing else derives a bit position.
//
// Rows (outputs) are taken in blocks of 16, inputs in groups that share one scale and zero. A
// *record* holds the codes of one block and one group; records follow each other by group, then by
// row block. A record is a sequence of 64-byte *chunks*:
//
//   4 bits: chunk j holds inputs 8j .. 8j+7 of the group; byte 4r + k holds the code of (row r,
//   input 8j + k)
//           in its low nibble and of (row r, input 8j + 4 + k) in its high nibble, k < 4.
//   8 bits: chunk j holds inputs 4j .. 4j+3; byte 4r + k holds the code of (row r, input 4j + k).
//
// A 32-bit lane of a chunk is therefore one row (VNNI), four such bytes are a dp4a operand (CUDA),
// and the nibble halves of a chunk are two rows of an AMX B tile. Scales and zeros are [O / 16
// blocks, G, 16]. Rows beyond O in the last block have scale 0. Inputs are a multiple of 8 (4 bits)
// or 4 (8 bits) per group.
//
// Packed matrices are kept on disk: whoever changes the layout raises kPackedFileVersion
// (inference/weights/packed_table.h).
#pragma once

#include <cstdint>

namespace apertura::kernels {

enum class CodeBits { four = 4, eight = 8 };

inline constexpr std::int64_t kBlockRows = 16;
inline constexpr std::int64_t kChunkBytes = 64;

constexpr std::int64_t blockCount(std::int64_t outputs) {
    return (outputs + kBlockRows - 1) / kBlockRows;
}

constexpr std::int64_t inputsPerChunk(CodeBits bits) {
    return bits == CodeBits::four ? 8 : 4;
}

constexpr std::int64_t recordBytes(CodeBits bits, std::int64_t groupSize) {
    return groupSize / inputsPerChunk(bits) * kChunkBytes;
}

constexpr std::int64_t codeBytes(CodeBits bits, std::int64_t outputs, std::int64_t inputs) {
    return blockCount(outputs) * (inputs / inputsPerChunk(bits)) * kChunkBytes;
}

// Number of scales (and of zeros, where there are any), padding included.
constexpr std::int64_t scaleCount(std::int64_t outputs, std::int64_t groups) {
    return blockCount(outputs) * groups * kBlockRows;
}

// Index of the scale or zero of (output, group).
constexpr std::int64_t scaleIndex(std::int64_t output, std::int64_t group, std::int64_t groups) {
    return (output / kBlockRows * groups + group) * kBlockRows + output % kBlockRows;
}

struct CodePosition {
    std::int64_t byte = 0;
    int shift = 0;  // 0 or 4: the code is (bytes[byte] >> shift) & (15 or 255)
};

// Where the code of (output, input) lies, in a matrix of `inputs` inputs. The group size does not
// matter: records of one block are contiguous by group and chunks inside by input, so input alone
// gives the chunk.
constexpr CodePosition codePosition(CodeBits bits, std::int64_t output, std::int64_t input,
                                    std::int64_t inputs) {
    const std::int64_t perChunk = inputsPerChunk(bits);
    const std::int64_t chunk = output / kBlockRows * (inputs / perChunk) + input / perChunk;
    const std::int64_t within = input % perChunk;
    return {chunk * kChunkBytes + output % kBlockRows * 4 + within % 4,
            bits == CodeBits::four && within >= 4 ? 4 : 0};
}

}  // namespace apertura::kernels
