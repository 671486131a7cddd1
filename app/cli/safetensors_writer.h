// Writes one float32 tensor of two dimensions as a safetensors file, row by row: a header of 8
// bytes little-endian length and JSON, then the rows.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

#include "inference/status.h"

namespace apertura::cli {

// The file appears under its name only when finish() succeeds; until then its rows are in
// NAME.part, which is removed if nothing comes of it.
class SafetensorsWriter {
public:
    // A tensor `name` [rows, columns].
    SafetensorsWriter(std::filesystem::path file, const std::string& name, std::int64_t rows,
                      std::int64_t columns);
    ~SafetensorsWriter();
    SafetensorsWriter(const SafetensorsWriter&) = delete;
    SafetensorsWriter& operator=(const SafetensorsWriter&) = delete;

    // Requires: as many values as there are columns. A failure shows in finish().
    void addRow(std::span<const float> row);
    // Requires: all rows were added. Errors: storageFailed, naming the file.
    Result<void> finish();

private:
    std::filesystem::path m_file;
    std::filesystem::path m_part;
    std::ofstream m_stream;
    std::int64_t m_missingRows;
    std::int64_t m_columns;
};

}  // namespace apertura::cli
