// Writes a packed file (packed_file.h): under a temporary name in its folder, locked while it is
// written to, and under its own name only once every byte of it is on the disk. Whatever ends the
// program before that leaves a temporary file that nobody reads and the next writer removes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "inference/status.h"
#include "inference/weights/linear_loader.h"
#include "inference/weights/packed_table.h"

namespace apertura {

class PackedFileWriter {
public:
    // Begins "NAME.<something>.partial" in `directory`, to hold at most `maximumBytes`.
    // Errors: storageFailed, storageFull.
    static Result<std::unique_ptr<PackedFileWriter>> create(const std::filesystem::path& directory,
                                                            const std::string& name,
                                                            std::uint64_t maximumBytes);
    // Removes what was not finished.
    ~PackedFileWriter();
    PackedFileWriter(const PackedFileWriter&) = delete;
    PackedFileWriter& operator=(const PackedFileWriter&) = delete;

    enum class Adapter { merged, mapped };
    // Adds a linear with something converted (LoadedLinear::sources); its arrays are no longer
    // needed then. An adapter goes along if it is merged.
    // Errors: storageFull (the disk, a quota, or maximumBytes), storageFailed: see fault();
    // cancelled.
    Result<void> add(const LoadedLinear& linear, Adapter adapter, const std::stop_token& stop);
    // Gives the file its name, in place of any file before. Errors: storageFull, storageFailed.
    Result<void> finish(const PackedKey& key);

    // What went wrong with the storage, if anything did.
    const std::optional<Error>& fault() const { return m_fault; }

private:
    PackedFileWriter(std::filesystem::path path, std::filesystem::path target, int descriptor,
                     std::uint64_t maximumBytes);

    Result<PackedSection> writeSection(std::span<const std::byte> bytes,
                                       const std::stop_token& stop);
    Result<PackedDenseMatrix> writeDense(const kernels::DenseMatrix& matrix,
                                         const std::stop_token& stop);
    Result<PackedBlock> writeBlock(const kernels::LinearBlock& block, const std::stop_token& stop);
    Result<void> write(std::span<const std::byte> bytes);
    // Up to the next multiple of kSectionAlignment.
    Result<void> append(std::span<const std::byte> bytes, const std::stop_token& stop);
    Result<void> sync(const PackedHeader& header);
    void startWriteback();
    Error fail(int errorNumber);
    Error fail(ErrorCode code, const std::string& reason);

    std::filesystem::path m_path;
    std::filesystem::path m_target;
    int m_descriptor = -1;
    std::uint64_t m_maximumBytes = 0;
    std::uint64_t m_size = 0;           // bytes written
    std::uint64_t m_writebackFrom = 0;  // up to here the disk was asked to write
    std::uint64_t m_writtenBack = 0;    // up to here it has
    bool m_isFinished = false;
    std::optional<Error> m_fault;
    std::vector<PackedModule> m_modules;
};

// Removes the temporary files in `directory` whose writers are gone, and, where locks do not tell,
// those older than a day.
void removeAbandonedTemporaries(const std::filesystem::path& directory);

}  // namespace apertura
