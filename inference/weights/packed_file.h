// A packed file: what the loaders made of a checkpoint's linears, to be mapped instead of converted
// again.
//
//   header | sections, each at a multiple of 64 bytes | table
//
// The sections are the arrays of kernels::QuantizedMatrix and kernels::DenseMatrix as they lie in
// memory, little-endian; the table says of which module each is. Header and table are checked when
// the file is opened, each section when its module is asked for: all of it is read once, which a
// first answer would do anyway, and no damaged weight is ever computed with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

#include "inference/status.h"
#include "inference/weights/linear_loader.h"
#include "inference/weights/packed_table.h"
#include "inference/weights/weight_file.h"
#include "kernels/linear.h"

namespace apertura {

class PackedFile {
public:
    // Errors: fileMissing (not there, or unreadable); fileCorrupt (damaged, cut short, of another
    // version, or made from something else than `key` says).
    static Result<std::shared_ptr<PackedFile>> open(const std::filesystem::path& path,
                                                    const PackedKey& key);

    // Null where the module has nothing converted.
    const PackedModule* find(const std::string& name) const;

    // Views into the mapping: this outlives them. Errors: fileCorrupt, after which isDamaged();
    // cancelled. Requires: the module has blocks, or an adapter.
    Result<LoadedLinear> loadMatrix(const PackedModule& module, const LinearShape& shape,
                                    const std::stop_token& stop);
    Result<std::optional<kernels::LowRankAdapter>> loadAdapter(const PackedModule& module,
                                                               const LinearShape& shape,
                                                               const std::stop_token& stop);

    // Says that a module does not fit the checkpoint, and gives the error for it.
    Error damaged(const std::string& module);
    bool isDamaged() const { return m_isDamaged; }

private:
    PackedFile(std::string label, MappedFile file, std::vector<PackedModule> modules);

    Result<kernels::QuantizedMatrix> loadQuantized(const PackedBlock& block,
                                                   const LinearShape& shape,
                                                   const std::stop_token& stop);
    Result<kernels::DenseMatrix> loadDense(const PackedDenseMatrix& matrix,
                                           const std::string& module, const std::stop_token& stop);
    // A section of exactly `count` elements. Errors: as loadMatrix.
    template <typename T>
    Result<std::span<const T>> section(const PackedSection& section, std::int64_t count,
                                       const std::string& module, const std::stop_token& stop);
    // The same, but an absent one is empty.
    template <typename T>
    Result<std::span<const T>> optionalSection(const PackedSection& section, std::int64_t count,
                                               const std::string& module,
                                               const std::stop_token& stop);

    std::string m_label;
    MappedFile m_file;
    std::vector<PackedModule> m_modules;
    std::unordered_map<std::string, const PackedModule*> m_byName;
    bool m_isDamaged = false;
};

}  // namespace apertura
