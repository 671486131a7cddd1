#include "inference/weights/packed_cache.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>
#include <xxhash.h>

namespace apertura {

namespace {

namespace fs = std::filesystem;

const char* const kSuffix = ".packed";
constexpr std::uint64_t kLeastFreeBytes = std::uint64_t{1} << 30;

// Whether a name begins as those of packed files do; nothing else in the folder is ever removed.
bool isOurs(const fs::path& path) {
    const std::string name = path.filename().string();
    constexpr std::size_t kDigits = 32;
    constexpr std::size_t kPlaceDigits = 16;
    return name.find_first_not_of("0123456789abcdef") == kDigits && name[kDigits] == '-' &&
           name.find(".v") == kDigits + 1 + kPlaceDigits;
}

struct CachedFile {
    fs::path path;
    fs::file_time_type used;
    std::uint64_t bytes = 0;
};

// The packed files of a folder, least recently used first.
std::vector<CachedFile> cachedFiles(const fs::path& directory) {
    std::vector<CachedFile> files;
    std::error_code failed;
    for (fs::directory_iterator entry(directory, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        std::error_code gone;
        if (entry->path().extension() == kSuffix && isOurs(entry->path()) &&
            entry->is_regular_file(gone)) {
            const CachedFile file{entry->path(), entry->last_write_time(gone),
                                  entry->file_size(gone)};
            if (!gone) {
                files.push_back(file);
            }
        }
    }
    std::sort(files.begin(), files.end(), [](const CachedFile& a, const CachedFile& b) {
        return std::pair(a.used, a.path) < std::pair(b.used, b.path);
    });
    return files;
}

std::string fileName(const PackedKey& key) {
    char place[17];
    std::snprintf(place, sizeof(place), "%016llx",
                  static_cast<unsigned long long>(key.sourcePlace));
    return key.contentHash + "-" + place + ".v" + std::to_string(kPackedFileVersion) +
           (key.mergedAdapters ? ".merged" : "") + kSuffix;
}

Result<ModelWeights> loadUncached(const LoadPass& pass, const Error& reason) {
    auto weights = pass(nullptr, nullptr);
    if (weights) {
        weights->packedCache = PackedCacheUse::failed;
        weights->warnings.push_back(
            reason.message + " The model runs from memory and is converted again each time.");
    }
    return weights;
}

}  // namespace

const char* packedCacheUseName(PackedCacheUse use) {
    switch (use) {
        case PackedCacheUse::off:
            return "off";
        case PackedCacheUse::unneeded:
            return "unneeded";
        case PackedCacheUse::hit:
            return "hit";
        case PackedCacheUse::written:
            return "written";
        case PackedCacheUse::rebuilt:
            return "rebuilt";
        case PackedCacheUse::failed:
            return "failed";
    }
    return "";
}

void stampSources(const fs::path& directory, const TensorSet& tensors, PackedKey& key) {
    std::string places;
    std::string stamps;
    for (const auto& file : tensors.files()) {
        std::error_code ignored;
        const fs::path path = fs::canonical(directory / file->label, ignored);
        const auto time = fs::last_write_time(path, ignored).time_since_epoch().count();
        places += path.string() + '\0';
        stamps += std::to_string(file->file.bytes().size()) + ' ' + std::to_string(time) + '\0';
    }
    key.sourcePlace = XXH3_64bits(places.data(), places.size());
    key.sourceStamp = XXH3_64bits(stamps.data(), stamps.size());
}

std::uint64_t leastPackedBytes(const TensorSet& tensors) {
    std::uint64_t total = 0;
    for (const auto& [name, tensor] : tensors.tensors()) {
        if (name.ends_with(".qweight")) {
            total += tensor.bytes().size();
        } else if (name.ends_with(".W_q")) {
            total += (tensor.bytes().size() + 1) / 2;  // four bits may be stored one code per byte
        }
    }
    return total;
}

PackedCache::PackedCache(fs::path directory, std::uint64_t maximumBytes, PackedKey key)
    : m_directory(std::move(directory)),
      m_maximumBytes(maximumBytes),
      m_key(std::move(key)),
      m_path(m_directory / fileName(m_key)) {}

Result<std::shared_ptr<PackedFile>> PackedCache::open() const {
    auto file = PackedFile::open(m_path, m_key);
    if (file) {
        // In a folder that is read-only, the order of use stays what it was.
        std::error_code ignored;
        fs::last_write_time(m_path, fs::file_time_type::clock::now(), ignored);
    }
    return file;
}

void PackedCache::removeFile() const {
    std::error_code ignored;
    fs::remove(m_path, ignored);
}

void PackedCache::removeAbandoned() const {
    removeAbandonedTemporaries(m_directory);
}

void PackedCache::makeRoom(std::uint64_t expectedBytes) const {
    const auto files = cachedFiles(m_directory);
    std::uint64_t total = expectedBytes;
    for (const CachedFile& file : files) {
        total += file.bytes;
    }
    for (const CachedFile& file : files) {
        if (total <= m_maximumBytes) {
            return;
        }
        std::error_code failed;
        if (file.path != m_path && (fs::remove(file.path, failed) || !failed)) {
            total -= file.bytes;
        }
    }
}

Result<std::unique_ptr<PackedFileWriter>> PackedCache::startWriting(
    std::uint64_t expectedBytes) const {
    std::error_code failed;
    fs::create_directories(m_directory, failed);
    if (failed) {
        return Error{
            ErrorCode::storageFailed,
            m_directory.string() + ": the folder cannot be made (" + failed.message() + ")."};
    }
    if (expectedBytes > m_maximumBytes) {
        return Error{ErrorCode::storageFull,
                     m_path.string() + ": the packed form of this model is larger than the " +
                         std::to_string(m_maximumBytes) + " bytes that the cache may take."};
    }
    makeRoom(expectedBytes);
    const fs::space_info space = fs::space(m_directory, failed);
    // The history lies on the same disk as a rule, and must be able to grow.
    const std::uint64_t wanted = expectedBytes + std::min(expectedBytes, kLeastFreeBytes);
    if (!failed && space.available < wanted) {
        return Error{ErrorCode::storageFull, m_path.string() + ": the disk has " +
                                                 std::to_string(space.available) +
                                                 " bytes left, but the packed form is written "
                                                 "where there are " +
                                                 std::to_string(wanted) + "."};
    }
    return PackedFileWriter::create(m_directory, m_path.filename().string(), m_maximumBytes);
}

Result<void> PackedCache::publish(PackedFileWriter& writer) const {
    auto finished = writer.finish(m_key);
    if (finished) {
        makeRoom(0);
    }
    return finished;
}

Result<ModelWeights> loadThroughCache(const PackedCache& cache, std::uint64_t expectedBytes,
                                      const LoadPass& pass) {
    cache.removeAbandoned();
    bool isUnusable = false;
    if (auto found = cache.open()) {
        auto weights = pass(*found, nullptr);
        if (weights) {
            weights->packedCache = PackedCacheUse::hit;
        }
        if (weights || !(*found)->isDamaged()) {
            return weights;
        }
        isUnusable = true;
    } else {
        isUnusable = found.error().code == ErrorCode::fileCorrupt;
    }
    if (isUnusable) {
        cache.removeFile();
    }
    auto writer = cache.startWriting(expectedBytes);
    if (!writer) {
        return loadUncached(pass, writer.error());
    }
    auto converted = pass(nullptr, writer->get());
    if (!converted && !(*writer)->fault()) {
        return converted;
    }
    if (converted) {
        // Not a stop nor a fault of the checkpoint: what can fail from here on is storage alone.
        static_cast<void>(cache.publish(**writer));
    }
    if (const std::optional<Error> fault = (*writer)->fault()) {
        writer->reset();  // gives the space back first
        return loadUncached(pass, *fault);
    }
    auto written = cache.open();
    if (!written) {
        return loadUncached(pass, written.error());
    }
    auto weights = pass(*written, nullptr);
    if (!weights && (*written)->isDamaged()) {
        return loadUncached(pass, weights.error());
    }
    if (weights) {
        weights->packedCache = isUnusable ? PackedCacheUse::rebuilt : PackedCacheUse::written;
    }
    return weights;
}

}  // namespace apertura
