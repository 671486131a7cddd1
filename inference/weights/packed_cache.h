// The folder of packed files: which one belongs to a checkpoint, when one is written, and which go
// when there are too many.
//
// Files are named HASH-PLACE.vN.packed (HASH-PLACE.vN.merged.packed with adapters merged into the
// model's files): HASH is the checkpoint's content hash without an adapter folder, which is never
// packed; PLACE tells copies of a checkpoint apart, as the content hash does not see every byte of
// them; N is the layout's version. Several processes may share the folder: each writes a file of
// its own and renames it, the last one stays, and a mapped file that is replaced or removed stays
// what it was for those who have it mapped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "inference/status.h"
#include "inference/weights/checkpoint.h"
#include "inference/weights/packed_file.h"
#include "inference/weights/packed_table.h"
#include "inference/weights/packed_writer.h"

namespace apertura {

// Fills in the key's source fields, from the weight files in `directory` as they are now.
void stampSources(const std::filesystem::path& directory, const TensorSet& tensors, PackedKey& key);

// The least that the packed form takes, by the quantized tensors. 0 = there are none.
std::uint64_t leastPackedBytes(const TensorSet& tensors);

class PackedCache {
public:
    // `maximumBytes` bounds all packed files in the folder together.
    PackedCache(std::filesystem::path directory, std::uint64_t maximumBytes, PackedKey key);

    const std::filesystem::path& path() const { return m_path; }

    // The file of this checkpoint, which becomes the most recently used. Errors: as PackedFile.
    Result<std::shared_ptr<PackedFile>> open() const;
    void removeFile() const;
    // Removes the temporary files of programs that ended while they wrote.
    void removeAbandoned() const;
    // Removes files of other checkpoints, least recently used first, until there is room for
    // `expectedBytes`. Errors: storageFull, storageFailed.
    Result<std::unique_ptr<PackedFileWriter>> startWriting(std::uint64_t expectedBytes) const;
    // Errors: storageFull, storageFailed.
    Result<void> publish(PackedFileWriter& writer) const;

private:
    void makeRoom(std::uint64_t expectedBytes) const;

    std::filesystem::path m_directory;
    std::uint64_t m_maximumBytes;
    PackedKey m_key;
    std::filesystem::path m_path;
};

// Loads all of a checkpoint once: its converted linears out of a packed file, or with what was
// converted given to a writer (what it returns then points nowhere); both null: in memory alone.
using LoadPass = std::function<Result<ModelWeights>(const std::shared_ptr<PackedFile>& packed,
                                                    PackedFileWriter* writer)>;

// Loads through the cache, writing the file where there is none that can be trusted. A cache that
// cannot be written is a warning in the weights, no error. Errors: those of `pass`.
Result<ModelWeights> loadThroughCache(const PackedCache& cache, std::uint64_t expectedBytes,
                                      const LoadPass& pass);

}  // namespace apertura
