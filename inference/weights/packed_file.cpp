#include "inference/weights/packed_file.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <xxhash.h>

#include "inference/weights/json_fields.h"

namespace apertura {

namespace {

namespace fs = std::filesystem;

// What is wrong with a header, or null. `bytes` is the whole file.
const char* headerFault(const PackedHeader& header, std::span<const std::byte> bytes,
                        const PackedKey& key) {
    if (std::memcmp(header.magic, kPackedMagic, sizeof(header.magic)) != 0 ||
        header.headerHash != headerHash(header)) {
        return "the header is damaged.";
    }
    if (header.version != kPackedFileVersion) {
        return "the file is of another version.";
    }
    if (std::string(header.contentHash, sizeof(header.contentHash)) != key.contentHash ||
        (header.mergedAdapters != 0) != key.mergedAdapters ||
        header.sourcePlace != key.sourcePlace) {
        return "the file was made from another checkpoint.";
    }
    if (header.sourceStamp != key.sourceStamp) {
        return "the checkpoint's files were written to since.";
    }
    if (header.fileBytes != bytes.size() || header.tableOffset < sizeof(header) ||
        header.tableOffset > bytes.size() ||
        header.tableBytes != bytes.size() - header.tableOffset) {
        return "the file was cut short.";
    }
    if (XXH3_64bits(bytes.data() + header.tableOffset, header.tableBytes) != header.tableHash) {
        return "the table is damaged.";
    }
    return nullptr;
}

std::optional<kernels::NumberType> numberTypeOf(std::uint32_t type) {
    using kernels::NumberType;
    for (const NumberType known : {NumberType::bf16, NumberType::fp16, NumberType::fp32}) {
        if (static_cast<std::uint32_t>(known) == type) {
            return known;
        }
    }
    return std::nullopt;
}

// Whether a quantized block is one that a matrix of these inputs can have.
bool isPlausible(const PackedBlock& block, std::int64_t inputs) {
    if (block.bits != 4 && block.bits != 8) {
        return false;
    }
    const auto bits = static_cast<kernels::CodeBits>(block.bits);
    return block.groupSize > 0 && inputs % block.groupSize == 0 &&
           block.groupSize % kernels::inputsPerChunk(bits) == 0 && block.symmetricZero <= 255 &&
           (block.integerZeros.bytes == 0 || block.realZeros.bytes == 0);
}

}  // namespace

Result<std::shared_ptr<PackedFile>> PackedFile::open(const fs::path& path, const PackedKey& key) {
    const std::string label = path.string();
    auto file = MappedFile::open(path, label);
    if (!file) {
        return file.error();
    }
    const std::span<const std::byte> bytes = file->bytes();
    PackedHeader header;
    if (bytes.size() < sizeof(header)) {
        return fileError(ErrorCode::fileCorrupt, label, "the file was cut short.");
    }
    std::memcpy(&header, bytes.data(), sizeof(header));
    if (const char* fault = headerFault(header, bytes, key)) {
        return fileError(ErrorCode::fileCorrupt, label, fault);
    }
    auto modules = decodeTable(bytes.subspan(static_cast<std::size_t>(header.tableOffset)));
    if (!modules) {
        return fileError(ErrorCode::fileCorrupt, label, "the table is damaged.");
    }
    return std::shared_ptr<PackedFile>(
        new PackedFile(label, std::move(*file), std::move(*modules)));
}

PackedFile::PackedFile(std::string label, MappedFile file, std::vector<PackedModule> modules)
    : m_label(std::move(label)), m_file(std::move(file)), m_modules(std::move(modules)) {
    for (const PackedModule& module : m_modules) {
        m_byName.emplace(module.name, &module);
    }
}

const PackedModule* PackedFile::find(const std::string& name) const {
    const auto found = m_byName.find(name);
    return found == m_byName.end() ? nullptr : found->second;
}

Error PackedFile::damaged(const std::string& module) {
    m_isDamaged = true;
    return fileError(ErrorCode::fileCorrupt, m_label, module + " is damaged.");
}

template <typename T>
Result<std::span<const T>> PackedFile::section(const PackedSection& section, std::int64_t count,
                                               const std::string& module,
                                               const std::stop_token& stop) {
    const std::span<const std::byte> all = m_file.bytes();
    if (section.offset % kSectionAlignment != 0 || section.offset > all.size() ||
        section.bytes > all.size() - section.offset || section.bytes % sizeof(T) != 0 ||
        section.bytes / sizeof(T) != static_cast<std::uint64_t>(count)) {
        return damaged(module);
    }
    const auto bytes = all.subspan(static_cast<std::size_t>(section.offset),
                                   static_cast<std::size_t>(section.bytes));
    const auto hash = sectionHash(bytes, stop);
    if (!hash) {
        return hash.error();
    }
    if (*hash != section.hash) {
        return damaged(module);
    }
    return std::span<const T>(reinterpret_cast<const T*>(bytes.data()),
                              static_cast<std::size_t>(count));
}

template <typename T>
Result<std::span<const T>> PackedFile::optionalSection(const PackedSection& section,
                                                       std::int64_t count,
                                                       const std::string& module,
                                                       const std::stop_token& stop) {
    if (section.bytes == 0) {
        return std::span<const T>();
    }
    return this->section<T>(section, count, module, stop);
}

Result<kernels::DenseMatrix> PackedFile::loadDense(const PackedDenseMatrix& matrix,
                                                   const std::string& module,
                                                   const std::stop_token& stop) {
    const auto type = numberTypeOf(matrix.type);
    if (!type) {
        return damaged(module);
    }
    const kernels::DenseMatrix shape{*type, matrix.rows, matrix.columns, nullptr};
    const auto bytes = section<std::byte>(matrix.numbers, shape.byteCount(), module, stop);
    if (!bytes) {
        return bytes.error();
    }
    return kernels::DenseMatrix{*type, matrix.rows, matrix.columns, bytes->data()};
}

Result<kernels::QuantizedMatrix> PackedFile::loadQuantized(const PackedBlock& block,
                                                           const LinearShape& shape,
                                                           const std::stop_token& stop) {
    if (!isPlausible(block, shape.inputs)) {
        return damaged(shape.name);
    }
    kernels::QuantizedMatrix matrix;
    matrix.inputs = shape.inputs;
    matrix.outputs = block.outputs;
    matrix.groupSize = block.groupSize;
    matrix.bits = static_cast<kernels::CodeBits>(block.bits);
    matrix.symmetricZero = static_cast<std::uint8_t>(block.symmetricZero);
    const std::int64_t scales = kernels::scaleCount(block.outputs, matrix.groups());
    const std::string& name = shape.name;
    const auto codes = section<std::byte>(
        block.codes, kernels::codeBytes(matrix.bits, block.outputs, shape.inputs), name, stop);
    const auto scale = section<std::uint16_t>(block.scales, scales, name, stop);
    const auto integers = optionalSection<std::uint8_t>(block.integerZeros, scales, name, stop);
    const auto reals = optionalSection<std::uint16_t>(block.realZeros, scales, name, stop);
    const auto inputScale =
        optionalSection<std::uint16_t>(block.inputScale, shape.inputs, name, stop);
    const auto order = optionalSection<std::uint32_t>(block.inputOrder, shape.inputs, name, stop);
    if (!codes) {
        return codes.error();
    }
    for (const auto* part : {&scale, &reals, &inputScale}) {
        if (!part->ok()) {
            return part->error();
        }
    }
    if (!integers || !order) {
        return integers ? order.error() : integers.error();
    }
    if (std::any_of(order->begin(), order->end(),
                    [&shape](std::uint32_t input) { return input >= shape.inputs; })) {
        return damaged(name);
    }
    matrix.codes = *codes;
    matrix.scales = *scale;
    matrix.integerZeros = *integers;
    matrix.realZeros = *reals;
    matrix.inputScale = *inputScale;
    matrix.inputOrder = *order;
    return matrix;
}

Result<LoadedLinear> PackedFile::loadMatrix(const PackedModule& module, const LinearShape& shape,
                                            const std::stop_token& stop) {
    LoadedLinear loaded;
    loaded.info.format = module.format;
    loaded.info.bits = module.bits;
    loaded.info.groupSize = module.groupSize;
    loaded.sourceBytes = module.sourceBytes;
    std::int64_t output = 0;
    for (const PackedBlock& block : module.blocks) {
        if (block.firstOutput != output || block.outputs < 1 ||
            block.outputs > shape.outputs - output) {
            return damaged(shape.name);
        }
        output += block.outputs;
        if (block.bits == 0) {
            const auto matrix =
                loadDense({block.type, block.outputs, shape.inputs, block.codes}, shape.name, stop);
            if (!matrix) {
                return matrix.error();
            }
            loaded.weightBytes += matrix->byteCount();
            loaded.linear.blocks.push_back({block.firstOutput, *matrix});
            continue;
        }
        const auto matrix = loadQuantized(block, shape, stop);
        if (!matrix) {
            return matrix.error();
        }
        loaded.weightBytes += matrix->byteCount();
        loaded.linear.blocks.push_back({block.firstOutput, *matrix});
    }
    if (output != shape.outputs) {
        return damaged(shape.name);
    }
    return loaded;
}

Result<std::optional<kernels::LowRankAdapter>> PackedFile::loadAdapter(
    const PackedModule& module, const LinearShape& shape, const std::stop_token& stop) {
    const PackedAdapter& stored = *module.adapter;
    // A rank that the file has no bytes for is refused before a size is made of it.
    const std::int64_t rank = stored.a.rows;
    if (rank < 1 || rank > static_cast<std::int64_t>(m_file.bytes().size()) / shape.inputs ||
        stored.b.columns != rank || stored.a.columns != shape.inputs ||
        stored.b.rows != shape.outputs) {
        return damaged(shape.name);
    }
    const auto a = loadDense(stored.a, shape.name, stop);
    if (!a) {
        return a.error();
    }
    const auto b = loadDense(stored.b, shape.name, stop);
    if (!b) {
        return b.error();
    }
    return std::optional(kernels::LowRankAdapter{*a, *b});
}

}  // namespace apertura
