#include "inference/weights/weight_file.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include "inference/weights/json_fields.h"

namespace apertura {

namespace {

static_assert(std::endian::native == std::endian::little, "tensors are read as they are stored");

constexpr std::int64_t kLengthBytes = 8;
// The limit of the safetensors library itself.
constexpr std::uint64_t kMostHeaderBytes = 100'000'000;

struct TypeDescription {
    TensorType type;
    const char* name;
    std::int64_t bytes;
};

constexpr std::array kTypes = {
    TypeDescription{TensorType::boolean, "BOOL", 1},
    TypeDescription{TensorType::u8, "U8", 1},
    TypeDescription{TensorType::i8, "I8", 1},
    TypeDescription{TensorType::u16, "U16", 2},
    TypeDescription{TensorType::i16, "I16", 2},
    TypeDescription{TensorType::u32, "U32", 4},
    TypeDescription{TensorType::i32, "I32", 4},
    TypeDescription{TensorType::u64, "U64", 8},
    TypeDescription{TensorType::i64, "I64", 8},
    TypeDescription{TensorType::f8e4m3, "F8_E4M3", 1},
    TypeDescription{TensorType::f8e5m2, "F8_E5M2", 1},
    TypeDescription{TensorType::f16, "F16", 2},
    TypeDescription{TensorType::bf16, "BF16", 2},
    TypeDescription{TensorType::f32, "F32", 4},
    TypeDescription{TensorType::f64, "F64", 8},
};

const TypeDescription& describe(TensorType type) {
    return *std::find_if(kTypes.begin(), kTypes.end(),
                         [type](const TypeDescription& known) { return known.type == type; });
}

// A header's whole number in [0, 2^63), or nothing.
std::optional<std::int64_t> wholeNumber(const nlohmann::json& value) {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > INT64_MAX) {
        return std::nullopt;
    }
    return value.get<std::int64_t>();
}

// Bytes of a tensor, or nothing where the product passes 2^63.
std::optional<std::int64_t> byteCount(const TensorEntry& entry) {
    std::int64_t bytes = bytesPerElement(entry.type);
    bool overflow = false;
    for (const std::int64_t dimension : entry.shape) {
        overflow = __builtin_mul_overflow(bytes, dimension, &bytes) || overflow;
    }
    // A zero dimension makes the product zero however large the others are; that is no fault by
    // itself.
    return overflow ? std::nullopt : std::optional(bytes);
}

class HeaderParser {
public:
    HeaderParser(std::int64_t fileSize, std::int64_t dataBegin, const std::string& label)
        : m_fileSize(fileSize), m_dataBegin(dataBegin), m_label(label) {}

    Result<TensorEntry> entry(const std::string& name, const nlohmann::json& value) const {
        TensorEntry result;
        result.name = name;
        if (!value.is_object()) {
            return fault(name, "is not described by an object.");
        }
        for (const char* key : {"dtype", "shape", "data_offsets"}) {
            if (!value.contains(key)) {
                return fault(name, std::string("has no ") + key + ".");
            }
        }
        if (auto error = readType(value["dtype"], result)) {
            return *error;
        }
        if (auto error = readShape(value["shape"], result)) {
            return *error;
        }
        if (auto error = readOffsets(value["data_offsets"], result)) {
            return *error;
        }
        const auto bytes = byteCount(result);
        if (!bytes || *bytes != result.end - result.begin) {
            return fault(name, "has shape " + shapeText(result.shape) + " and dtype " +
                                   tensorTypeName(result.type) + ", which need " +
                                   (bytes ? std::to_string(*bytes) : "more than 2^63") +
                                   " bytes, but data_offsets give " +
                                   std::to_string(result.end - result.begin) + ".");
        }
        return result;
    }

    // Every byte of the data belongs to exactly one tensor.
    std::optional<Error> checkLayout(const std::vector<TensorEntry>& sorted) const {
        std::int64_t position = m_dataBegin;
        for (std::size_t i = 0; i < sorted.size(); ++i) {
            const TensorEntry& tensor = sorted[i];
            if (tensor.begin < position) {
                return fault(tensor.name, "shares bytes with " + shown(sorted[i - 1].name) +
                                              " by their data_offsets.");
            }
            if (tensor.begin > position) {
                return fault(
                    tensor.name,
                    "begins " + std::to_string(tensor.begin - position) +
                        " bytes after the tensor before it ends: data_offsets leave a gap.");
            }
            position = tensor.end;
        }
        if (position != m_fileSize) {
            return fileError(ErrorCode::fileCorrupt, m_label,
                             "the file size is " + std::to_string(m_fileSize) +
                                 " bytes, but data_offsets end at byte " +
                                 std::to_string(position) + ".");
        }
        return std::nullopt;
    }

private:
    Error fault(const std::string& name, const std::string& sentence) const {
        return fileError(ErrorCode::fileCorrupt, m_label, shown(name) + " " + sentence);
    }

    std::optional<Error> readType(const nlohmann::json& value, TensorEntry& result) const {
        const auto known =
            std::find_if(kTypes.begin(), kTypes.end(), [&value](const TypeDescription& type) {
                return value.is_string() && value.get_ref<const std::string&>() == type.name;
            });
        if (known == kTypes.end()) {
            Error error =
                fault(result.name,
                      "has the unknown dtype " +
                          shown(value.is_string() ? value.get<std::string>() : value.dump()) + ".");
            error.code = ErrorCode::unsupported;
            return error;
        }
        result.type = known->type;
        return std::nullopt;
    }

    std::optional<Error> readShape(const nlohmann::json& value, TensorEntry& result) const {
        if (!value.is_array() || value.size() > 8) {
            return fault(result.name, "has a shape that is not a list of at most 8 whole numbers.");
        }
        for (const auto& element : value) {
            const auto dimension = wholeNumber(element);
            if (!dimension) {
                return fault(result.name,
                             "has a shape with something else than whole numbers from 0 on.");
            }
            result.shape.push_back(*dimension);
        }
        return std::nullopt;
    }

    std::optional<Error> readOffsets(const nlohmann::json& value, TensorEntry& result) const {
        const bool isPair = value.is_array() && value.size() == 2;
        const auto begin = isPair ? wholeNumber(value[0]) : std::nullopt;
        const auto end = isPair ? wholeNumber(value[1]) : std::nullopt;
        if (!begin || !end) {
            return fault(result.name, "has data_offsets that are not two whole numbers from 0 on.");
        }
        if (*end < *begin) {
            return fault(result.name, "has data_offsets that end before they begin.");
        }
        if (*end > m_fileSize - m_dataBegin) {
            return fault(result.name, "has data_offsets up to " + std::to_string(*end) +
                                          ", past the end of the file: its file size of " +
                                          std::to_string(m_fileSize) + " bytes leaves " +
                                          std::to_string(m_fileSize - m_dataBegin) +
                                          " for tensors (an incomplete download?).");
        }
        result.begin = m_dataBegin + *begin;
        result.end = m_dataBegin + *end;
        return std::nullopt;
    }

    std::int64_t m_fileSize;
    std::int64_t m_dataBegin;
    const std::string& m_label;
};

Result<std::string> headerText(std::span<const std::byte> file, const std::string& label) {
    if (file.size() < kLengthBytes) {
        return fileError(ErrorCode::fileCorrupt, label,
                         "the file has " + std::to_string(file.size()) +
                             " bytes, too few for the header length at its start.");
    }
    std::uint64_t length = 0;
    std::memcpy(&length, file.data(), kLengthBytes);
    if (length > kMostHeaderBytes || length > file.size() - kLengthBytes) {
        return fileError(ErrorCode::fileCorrupt, label,
                         "the header length is " + std::to_string(length) +
                             ", which does not fit the file of " + std::to_string(file.size()) +
                             " bytes.");
    }
    return std::string(reinterpret_cast<const char*>(file.data()) + kLengthBytes, length);
}

}  // namespace

std::string shapeText(const std::vector<std::int64_t>& shape) {
    std::string text = "[";
    for (std::size_t i = 0; i < shape.size(); ++i) {
        text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
    }
    return text + "]";
}

const char* tensorTypeName(TensorType type) {
    return describe(type).name;
}

std::int64_t bytesPerElement(TensorType type) {
    return describe(type).bytes;
}

Result<std::vector<TensorEntry>> parseSafetensorsHeader(std::span<const std::byte> file,
                                                        const std::string& label) {
    const auto text = headerText(file, label);
    if (!text) {
        return text.error();
    }
    const auto header = parseJsonObject<nlohmann::json>(*text, label + " (header)");
    if (!header) {
        return header.error();
    }
    const auto fileSize = static_cast<std::int64_t>(file.size());
    const HeaderParser parser(fileSize, kLengthBytes + static_cast<std::int64_t>(text->size()),
                              label);
    std::vector<TensorEntry> tensors;
    tensors.reserve(header->size());
    for (const auto& [name, value] : header->items()) {
        if (name == "__metadata__") {
            continue;
        }
        auto entry = parser.entry(name, value);
        if (!entry) {
            return entry.error();
        }
        tensors.push_back(std::move(*entry));
    }
    std::sort(tensors.begin(), tensors.end(), [](const TensorEntry& a, const TensorEntry& b) {
        return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    if (const auto error = parser.checkLayout(tensors)) {
        return *error;
    }
    return tensors;
}

Result<MappedFile> MappedFile::open(const std::filesystem::path& file, const std::string& label) {
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0) {
        return fileError(ErrorCode::fileMissing, label,
                         std::string("the file cannot be opened (") + std::strerror(errno) + ").");
    }
    struct stat status = {};
    const bool regular = ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
    const auto size = static_cast<std::size_t>(regular ? status.st_size : 0);
    void* data = nullptr;
    if (size > 0) {
        data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
    }
    const int mapError = errno;
    ::close(descriptor);
    if (!regular) {
        return fileError(ErrorCode::fileMissing, label, "this is not a regular file.");
    }
    if (data == MAP_FAILED) {
        return fileError(
            ErrorCode::fileMissing, label,
            std::string("the file cannot be mapped (") + std::strerror(mapError) + ").");
    }
    return MappedFile(static_cast<const std::byte*>(data), size);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : m_data(std::exchange(other.m_data, nullptr)), m_size(std::exchange(other.m_size, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(m_data, other.m_data);
    std::swap(m_size, other.m_size);
    return *this;
}

MappedFile::~MappedFile() {
    if (m_data != nullptr) {
        ::munmap(const_cast<std::byte*>(m_data), m_size);
    }
}

void releasePages(std::span<const std::byte> bytes) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t offset = reinterpret_cast<std::uintptr_t>(bytes.data()) % page;
    const std::size_t skipped = offset == 0 ? 0 : page - offset;
    if (bytes.size() >= skipped + page) {
        // A hint: where it fails, the pages only stay.
        (void)::madvise(const_cast<std::byte*>(bytes.data()) + skipped,
                        (bytes.size() - skipped) / page * page, MADV_DONTNEED);
    }
}

Result<WeightFile> WeightFile::open(const std::filesystem::path& path, const std::string& label) {
    auto file = MappedFile::open(path, label);
    if (!file) {
        return file.error();
    }
    auto tensors = parseSafetensorsHeader(file->bytes(), label);
    if (!tensors) {
        return tensors.error();
    }
    return WeightFile{label, std::move(*file), std::move(*tensors)};
}

}  // namespace apertura
