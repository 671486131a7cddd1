// What stands in a packed file (packed_file.h) and where: the header at its start, the table at its
// end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "inference/status.h"

namespace apertura {

// Raised whenever kernels/packed_layout.h, this format, or what a loader makes of a tensor changes:
// files of another version are not read.
inline constexpr std::uint32_t kPackedFileVersion = 2;

// Sections begin at multiples of this, as the kernels ask.
inline constexpr std::uint64_t kSectionAlignment = 64;

// Bytes [offset, offset + bytes) of the file; none where `bytes` is 0.
struct PackedSection {
    std::uint64_t offset = 0;
    std::uint64_t bytes = 0;
    std::uint64_t hash = 0;  // sectionHash()
};

struct PackedDenseMatrix {
    std::uint32_t type = 0;  // kernels::NumberType
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    PackedSection numbers;
};

// One block of a linear: dense where bits is 0, else quantized.
struct PackedBlock {
    std::int64_t firstOutput = 0;
    std::int64_t outputs = 0;
    std::int64_t groupSize = 0;
    std::uint32_t bits = 0;
    std::uint32_t symmetricZero = 0;
    std::uint32_t type = 0;  // kernels::NumberType of a dense one
    PackedSection codes;     // or the numbers of a dense one
    PackedSection scales;
    PackedSection integerZeros;
    PackedSection realZeros;
    PackedSection inputScale;
    PackedSection inputOrder;
};

struct PackedAdapter {
    PackedDenseMatrix a;
    PackedDenseMatrix b;
};

// What was converted of one linear.
struct PackedModule {
    std::string name;
    std::vector<std::string> sources;  // canonical names of the tensors it was made from
    std::string format;                // as ModuleInfo
    double bits = 0;
    std::int64_t groupSize = 0;
    std::int64_t sourceBytes = 0;
    std::vector<PackedBlock> blocks;       // empty: the matrix is used as it lies in its own file
    std::optional<PackedAdapter> adapter;  // one merged into the model's files
};

std::string encodeTable(const std::vector<PackedModule>& modules);
// Nothing where the bytes are no table. Whether its numbers fit anything is not checked.
std::optional<std::vector<PackedModule>> decodeTable(std::span<const std::byte> bytes);

// What a packed file was made from.
struct PackedKey {
    std::string contentHash;  // 32 digits
    bool mergedAdapters = false;
    // Of the paths of the weight files, and of their sizes and times: with other times they were
    // written to, however little the content hash sees of that.
    std::uint64_t sourcePlace = 0;
    std::uint64_t sourceStamp = 0;
};

// Written last; all zeros until then.
struct PackedHeader {
    char magic[8] = {};
    std::uint32_t version = 0;
    std::uint32_t mergedAdapters = 0;
    char contentHash[32] = {};
    std::uint64_t sourcePlace = 0;
    std::uint64_t sourceStamp = 0;
    std::uint64_t fileBytes = 0;
    std::uint64_t tableOffset = 0;
    std::uint64_t tableBytes = 0;
    std::uint64_t tableHash = 0;
    std::uint64_t headerHash = 0;  // XXH3 of everything before it
};
static_assert(sizeof(PackedHeader) == 104);

inline constexpr char kPackedMagic[8] = {'A', 'P', 'E', 'R', 'P', 'A', 'C', 'K'};

std::uint64_t headerHash(const PackedHeader& header);

// XXH3 over the XXH3 of every 4 MiB, which several threads share out. Errors: cancelled.
Result<std::uint64_t> sectionHash(std::span<const std::byte> bytes, const std::stop_token& stop);

}  // namespace apertura
