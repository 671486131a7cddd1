#include "inference/weights/packed_table.h"

#include <algorithm>
#include <cstring>
#include <type_traits>
#include <xxhash.h>

#include "inference/weights/packing.h"

namespace apertura {

namespace {

// The same description of a record writes it and reads it.
class TableWriter {
public:
    static constexpr bool kReads = false;

    template <typename T>
    void number(T& value) {
        static_assert(std::is_arithmetic_v<T>);
        m_bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
    }
    void text(std::string& value) {
        std::uint64_t size = value.size();
        number(size);
        m_bytes.append(value);
    }
    std::string take() { return std::move(m_bytes); }

private:
    std::string m_bytes;
};

class TableReader {
public:
    static constexpr bool kReads = true;

    explicit TableReader(std::span<const std::byte> bytes) : m_rest(bytes) {}

    template <typename T>
    void number(T& value) {
        static_assert(std::is_arithmetic_v<T>);
        if (const std::byte* bytes = next(sizeof(value))) {
            std::memcpy(&value, bytes, sizeof(value));
        }
    }
    void text(std::string& value) {
        std::uint64_t size = 0;
        number(size);
        if (const std::byte* bytes = next(size)) {
            value.assign(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
        }
    }
    std::size_t rest() const { return m_rest.size(); }
    bool ok() const { return m_ok; }
    void fail() { m_ok = false; }

private:
    const std::byte* next(std::uint64_t size) {
        if (!m_ok || size > m_rest.size()) {
            m_ok = false;
            return nullptr;
        }
        const std::byte* const bytes = m_rest.data();
        m_rest = m_rest.subspan(static_cast<std::size_t>(size));
        return bytes;
    }

    std::span<const std::byte> m_rest;
    bool m_ok = true;
};

template <typename Archive>
void describe(Archive& archive, std::string& text) {
    archive.text(text);
}

template <typename Archive>
void describe(Archive& archive, PackedSection& section) {
    archive.number(section.offset);
    archive.number(section.bytes);
    archive.number(section.hash);
}

template <typename Archive>
void describe(Archive& archive, PackedDenseMatrix& matrix) {
    archive.number(matrix.type);
    archive.number(matrix.rows);
    archive.number(matrix.columns);
    describe(archive, matrix.numbers);
}

template <typename Archive>
void describe(Archive& archive, PackedBlock& block) {
    archive.number(block.firstOutput);
    archive.number(block.outputs);
    archive.number(block.groupSize);
    archive.number(block.bits);
    archive.number(block.symmetricZero);
    archive.number(block.type);
    for (PackedSection* section : {&block.codes, &block.scales, &block.integerZeros,
                                   &block.realZeros, &block.inputScale, &block.inputOrder}) {
        describe(archive, *section);
    }
}

template <typename Archive, typename T>
void describe(Archive& archive, std::vector<T>& values) {
    std::uint64_t count = values.size();
    archive.number(count);
    if constexpr (Archive::kReads) {
        // Each value takes at least a byte, so that no count asks for more memory than the table.
        if (!archive.ok() || count > archive.rest()) {
            archive.fail();
            return;
        }
        values.clear();
        while (values.size() < count && archive.ok()) {
            describe(archive, values.emplace_back());
        }
    } else {
        for (T& value : values) {
            describe(archive, value);
        }
    }
}

template <typename Archive>
void describe(Archive& archive, PackedModule& module) {
    archive.text(module.name);
    describe(archive, module.sources);
    archive.text(module.format);
    archive.number(module.bits);
    archive.number(module.groupSize);
    archive.number(module.sourceBytes);
    describe(archive, module.blocks);
    std::uint8_t hasAdapter = module.adapter.has_value() ? 1 : 0;
    archive.number(hasAdapter);
    if (hasAdapter == 0) {
        return;
    }
    if constexpr (Archive::kReads) {
        module.adapter.emplace();
    }
    describe(archive, module.adapter->a);
    describe(archive, module.adapter->b);
}

}  // namespace

std::string encodeTable(const std::vector<PackedModule>& modules) {
    std::vector<PackedModule> copy = modules;
    TableWriter writer;
    describe(writer, copy);
    return writer.take();
}

std::optional<std::vector<PackedModule>> decodeTable(std::span<const std::byte> bytes) {
    TableReader reader(bytes);
    std::vector<PackedModule> modules;
    describe(reader, modules);
    if (!reader.ok() || reader.rest() != 0) {
        return std::nullopt;
    }
    return modules;
}

std::uint64_t headerHash(const PackedHeader& header) {
    return XXH3_64bits(&header, offsetof(PackedHeader, headerHash));
}

Result<std::uint64_t> sectionHash(std::span<const std::byte> bytes, const std::stop_token& stop) {
    constexpr std::size_t kPartBytes = 4 << 20;
    std::vector<std::uint64_t> hashes((bytes.size() + kPartBytes - 1) / kPartBytes);
    const auto hashParts = [&](std::int64_t first, std::int64_t count) {
        for (std::int64_t i = first; i < first + count; ++i) {
            const auto part = static_cast<std::size_t>(i);
            const std::size_t begin = part * kPartBytes;
            hashes[part] =
                XXH3_64bits(bytes.data() + begin, std::min(kPartBytes, bytes.size() - begin));
        }
    };
    if (auto done = forEachRange(static_cast<std::int64_t>(hashes.size()), 1,
                                 static_cast<std::int64_t>(bytes.size()), stop, hashParts);
        !done) {
        return done.error();
    }
    return XXH3_64bits(hashes.data(), hashes.size() * sizeof(hashes[0]));
}

}  // namespace apertura
