// One safetensors file: mapped into memory, its header checked against the file before anything is
// believed.
//
// Format: 8 bytes little-endian header length; a JSON object {name: {dtype, shape, data_offsets:
// [begin, end]}} with offsets from the end of the header, and an optional "__metadata__"; then the
// bytes of the tensors, row-major, little-endian, without gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "inference/status.h"

namespace apertura {

enum class TensorType {
    boolean,
    u8,
    i8,
    u16,
    i16,
    u32,
    i32,
    u64,
    i64,
    f8e4m3,
    f8e5m2,
    f16,
    bf16,
    f32,
    f64
};

// As the header spells it, e.g. "BF16".
const char* tensorTypeName(TensorType type);
std::int64_t bytesPerElement(TensorType type);

// For sentences: "[48, 32]".
std::string shapeText(const std::vector<std::int64_t>& shape);

struct TensorEntry {
    std::string name;
    TensorType type = TensorType::f32;
    std::vector<std::int64_t> shape;
    std::int64_t begin =
        0;  // bytes from the start of the file, half-open; end - begin fits type and shape
    std::int64_t end = 0;
};

// The tensors of a whole file in memory, in the order of their bytes. `label` is what sentences
// call the file. Guarantees on success: every range lies in the file, none overlap, none are left
// out. Errors: fileCorrupt; unsupported (an element type nobody knows).
Result<std::vector<TensorEntry>> parseSafetensorsHeader(std::span<const std::byte> file,
                                                        const std::string& label);

// A file mapped read-only. Bytes read as they are on disk: a file that another program shortens
// while it is mapped ends this one, as with every mapping.
class MappedFile {
public:
    // Errors: fileMissing (not there, no regular file, cannot be mapped).
    static Result<MappedFile> open(const std::filesystem::path& file, const std::string& label);
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    std::span<const std::byte> bytes() const { return {m_data, m_size}; }

private:
    MappedFile(const std::byte* data, std::size_t size) : m_data(data), m_size(size) {}

    const std::byte* m_data = nullptr;
    std::size_t m_size = 0;
};

// Gives the whole pages inside `bytes` of a mapped file back to the system; they are read again if
// touched.
void releasePages(std::span<const std::byte> bytes);

struct WeightFile {
    std::string
        label;  // relative to the checkpoint's folder, e.g. "adapter/adapter_model.safetensors"
    MappedFile file;
    std::vector<TensorEntry> tensors;

    static Result<WeightFile> open(const std::filesystem::path& path, const std::string& label);
    std::span<const std::byte> bytes(const TensorEntry& tensor) const {
        return file.bytes().subspan(static_cast<std::size_t>(tensor.begin),
                                    static_cast<std::size_t>(tensor.end - tensor.begin));
    }
};

}  // namespace apertura
