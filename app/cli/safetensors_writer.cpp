#include "app/cli/safetensors_writer.h"

#include <array>
#include <bit>
#include <nlohmann/json.hpp>

#include "inference/status.h"

namespace apertura::cli {

static_assert(std::endian::native == std::endian::little, "safetensors is little-endian");

namespace {

// Where the values begin is a multiple of this, so that they can be mapped.
constexpr std::size_t kAlignment = 8;

}  // namespace

SafetensorsWriter::SafetensorsWriter(std::filesystem::path file, const std::string& name,
                                     std::int64_t rows, std::int64_t columns)
    : m_file(std::move(file)),
      m_part(m_file.string() + ".part"),
      m_stream(m_part, std::ios::binary | std::ios::trunc),
      m_missingRows(rows),
      m_columns(columns) {
    const auto bytes = rows * columns * static_cast<std::int64_t>(sizeof(float));
    const nlohmann::json header = {
        {name, {{"dtype", "F32"}, {"shape", {rows, columns}}, {"data_offsets", {0, bytes}}}}};
    std::string text = header.dump();
    text.resize((text.size() + kAlignment - 1) / kAlignment * kAlignment, ' ');
    const std::uint64_t length = text.size();
    m_stream.write(reinterpret_cast<const char*>(&length), sizeof length);
    m_stream.write(text.data(), static_cast<std::streamsize>(text.size()));
}

SafetensorsWriter::~SafetensorsWriter() {
    std::error_code ignored;
    std::filesystem::remove(m_part, ignored);
}

void SafetensorsWriter::addRow(std::span<const float> row) {
    CHECK(static_cast<std::int64_t>(row.size()) == m_columns && m_missingRows > 0);
    m_stream.write(reinterpret_cast<const char*>(row.data()),
                   static_cast<std::streamsize>(row.size_bytes()));
    --m_missingRows;
}

Result<void> SafetensorsWriter::finish() {
    CHECK(m_missingRows == 0);
    m_stream.close();
    std::error_code failure;
    if (m_stream) {
        std::filesystem::rename(m_part, m_file, failure);
    }
    if (!m_stream || failure) {
        return Error{ErrorCode::storageFailed, m_file.string() + " cannot be written."};
    }
    return {};
}

}  // namespace apertura::cli
