#include "inference/weights/packed_writer.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <xxhash.h>

namespace apertura {

namespace {

namespace fs = std::filesystem;

const char* const kTemporarySuffix = ".partial";

ErrorCode storageCode(int errorNumber) {
    return errorNumber == ENOSPC || errorNumber == EDQUOT || errorNumber == EFBIG
               ? ErrorCode::storageFull
               : ErrorCode::storageFailed;
}

Error storageError(const fs::path& path, int errorNumber) {
    return {storageCode(errorNumber),
            path.string() + ": the file cannot be written (" + std::strerror(errorNumber) + ")."};
}

// A name that no other writer of this process uses, and few of others.
fs::path temporaryPath(const fs::path& directory, const std::string& name) {
    static std::atomic<std::uint64_t> count{0};
    return directory / (name + "." + std::to_string(::getpid()) + "-" +
                        std::to_string(count.fetch_add(1)) + kTemporarySuffix);
}

// Whether the file is locked by us and still there: between its creation and its lock, another
// process may have taken it for an abandoned one.
bool ownsLockedFile(int descriptor) {
    struct stat status = {};
    const bool locked = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
    return locked && ::fstat(descriptor, &status) == 0 && status.st_nlink > 0;
}

bool isOlderThanADay(const fs::path& path) {
    std::error_code failed;
    const auto time = fs::last_write_time(path, failed);
    return !failed && fs::file_time_type::clock::now() - time > std::chrono::hours(24);
}

void removeIfAbandoned(const fs::path& path) {
    const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (descriptor < 0) {
        return;
    }
    const bool isFree = ::flock(descriptor, LOCK_EX | LOCK_NB) == 0;
    if (isFree || (errno != EWOULDBLOCK && isOlderThanADay(path))) {
        std::error_code ignored;
        fs::remove(path, ignored);
    }
    ::close(descriptor);
}

}  // namespace

Result<std::unique_ptr<PackedFileWriter>> PackedFileWriter::create(const fs::path& directory,
                                                                   const std::string& name,
                                                                   std::uint64_t maximumBytes) {
    constexpr int kAttempts = 16;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
        const fs::path path = temporaryPath(directory, name);
        const int descriptor =
            ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (descriptor < 0) {
            if (errno == EEXIST) {
                continue;
            }
            return storageError(path, errno);
        }
        if (!ownsLockedFile(descriptor)) {
            ::close(descriptor);
            continue;
        }
        std::unique_ptr<PackedFileWriter> writer(
            new PackedFileWriter(path, directory / name, descriptor, maximumBytes));
        // The header's place stays zero until the end.
        const PackedHeader header;
        if (auto begun = writer->append(std::as_bytes(std::span(&header, 1)), {}); !begun) {
            return begun.error();
        }
        return writer;
    }
    return storageError(directory / name, EEXIST);
}

PackedFileWriter::PackedFileWriter(fs::path path, fs::path target, int descriptor,
                                   std::uint64_t maximumBytes)
    : m_path(std::move(path)),
      m_target(std::move(target)),
      m_descriptor(descriptor),
      m_maximumBytes(maximumBytes) {}

PackedFileWriter::~PackedFileWriter() {
    if (!m_isFinished) {
        ::unlink(m_path.c_str());
    }
    ::close(m_descriptor);
}

Error PackedFileWriter::fail(int errorNumber) {
    m_fault = storageError(m_target, errorNumber);
    return *m_fault;
}

Error PackedFileWriter::fail(ErrorCode code, const std::string& reason) {
    m_fault = Error{code, m_target.string() + ": " + reason};
    return *m_fault;
}

Result<void> PackedFileWriter::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t count = ::write(m_descriptor, bytes.data(), bytes.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count <= 0) {
            return fail(count < 0 ? errno : ENOSPC);
        }
        bytes = bytes.subspan(static_cast<std::size_t>(count));
        m_size += static_cast<std::uint64_t>(count);
    }
    return {};
}

Result<void> PackedFileWriter::append(std::span<const std::byte> bytes,
                                      const std::stop_token& stop) {
    static constexpr std::array<std::byte, kSectionAlignment> kZeros = {};
    // A slow disk takes these within the time that a stop may take.
    constexpr std::size_t kPartBytes = 4 << 20;
    if (m_size + bytes.size() + kSectionAlignment > m_maximumBytes) {
        return fail(ErrorCode::storageFull, "the packed form of this model is larger than the " +
                                                std::to_string(m_maximumBytes) +
                                                " bytes that the cache may take.");
    }
    const std::size_t padding =
        (kSectionAlignment - bytes.size() % kSectionAlignment) % kSectionAlignment;
    while (!bytes.empty()) {
        if (stop.stop_requested()) {
            return Error{ErrorCode::cancelled, "Loading was stopped."};
        }
        const auto part = bytes.first(std::min(kPartBytes, bytes.size()));
        if (auto written = write(part); !written) {
            return written;
        }
        bytes = bytes.subspan(part.size());
    }
    return write(std::span(kZeros).first(padding));
}

Result<PackedSection> PackedFileWriter::writeSection(std::span<const std::byte> bytes,
                                                     const std::stop_token& stop) {
    if (bytes.empty()) {
        return PackedSection();
    }
    const auto hash = sectionHash(bytes, stop);
    if (!hash) {
        return hash.error();
    }
    const PackedSection section{m_size, bytes.size(), *hash};
    if (auto written = append(bytes, stop); !written) {
        return written.error();
    }
    return section;
}

Result<PackedDenseMatrix> PackedFileWriter::writeDense(const kernels::DenseMatrix& matrix,
                                                       const std::stop_token& stop) {
    const auto section =
        writeSection({matrix.data, static_cast<std::size_t>(matrix.byteCount())}, stop);
    if (!section) {
        return section.error();
    }
    return PackedDenseMatrix{static_cast<std::uint32_t>(matrix.type), matrix.rows, matrix.columns,
                             *section};
}

Result<PackedBlock> PackedFileWriter::writeBlock(const kernels::LinearBlock& block,
                                                 const std::stop_token& stop) {
    PackedBlock stored;
    stored.firstOutput = block.firstOutput;
    if (const auto* dense = std::get_if<kernels::DenseMatrix>(&block.matrix)) {
        const auto written = writeDense(*dense, stop);
        if (!written) {
            return written.error();
        }
        stored.outputs = written->rows;
        stored.type = written->type;
        stored.codes = written->numbers;
        return stored;
    }
    const auto& matrix = std::get<kernels::QuantizedMatrix>(block.matrix);
    stored.outputs = matrix.outputs;
    stored.groupSize = matrix.groupSize;
    stored.bits = static_cast<std::uint32_t>(matrix.bits);
    stored.symmetricZero = matrix.symmetricZero;
    for (const auto& [bytes, section] :
         {std::pair(matrix.codes, &stored.codes),
          std::pair(std::as_bytes(matrix.scales), &stored.scales),
          std::pair(std::as_bytes(matrix.integerZeros), &stored.integerZeros),
          std::pair(std::as_bytes(matrix.realZeros), &stored.realZeros),
          std::pair(std::as_bytes(matrix.inputScale), &stored.inputScale),
          std::pair(std::as_bytes(matrix.inputOrder), &stored.inputOrder)}) {
        const auto written = writeSection(bytes, stop);
        if (!written) {
            return written.error();
        }
        *section = *written;
    }
    return stored;
}

Result<void> PackedFileWriter::add(const LoadedLinear& linear, Adapter adapter,
                                   const std::stop_token& stop) {
    PackedModule module;
    module.name = linear.info.name;
    module.format = linear.info.format;
    module.bits = linear.info.bits;
    module.groupSize = linear.info.groupSize;
    module.sourceBytes = linear.sourceBytes;
    for (const Tensor* tensor : linear.sources) {
        module.sources.push_back(canonicalName(tensor->entry->name));
    }
    if (linear.isConverted) {
        for (const kernels::LinearBlock& block : linear.linear.blocks) {
            const auto written = writeBlock(block, stop);
            if (!written) {
                return written.error();
            }
            module.blocks.push_back(*written);
        }
    }
    if (adapter == Adapter::merged && linear.linear.adapter) {
        const auto a = writeDense(linear.linear.adapter->a, stop);
        if (!a) {
            return a.error();
        }
        const auto b = writeDense(linear.linear.adapter->b, stop);
        if (!b) {
            return b.error();
        }
        module.adapter = PackedAdapter{*a, *b};
    }
    m_modules.push_back(std::move(module));
    startWriteback();
    return {};
}

// Keeps the disk busy while the next module is converted, and at most one module behind, so that
// the end does not wait for gigabytes. Hints: where they fail, the end waits.
void PackedFileWriter::startWriteback() {
    constexpr unsigned kWaitForAll =
        SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;
    constexpr std::uint64_t kLeastBytes = 8 << 20;
    if (m_size - m_writebackFrom < kLeastBytes) {
        return;
    }
    if (m_writebackFrom > m_writtenBack) {
        (void)::sync_file_range(m_descriptor, static_cast<off_t>(m_writtenBack),
                                static_cast<off_t>(m_writebackFrom - m_writtenBack), kWaitForAll);
    }
    (void)::sync_file_range(m_descriptor, static_cast<off_t>(m_writebackFrom),
                            static_cast<off_t>(m_size - m_writebackFrom), SYNC_FILE_RANGE_WRITE);
    m_writtenBack = std::exchange(m_writebackFrom, m_size);
}

Result<void> PackedFileWriter::sync(const PackedHeader& header) {
    // The rest first: a header on the disk promises all of it.
    if (::fdatasync(m_descriptor) != 0) {
        return fail(errno);
    }
    const ssize_t count = ::pwrite(m_descriptor, &header, sizeof(header), 0);
    if (count != static_cast<ssize_t>(sizeof(header))) {
        return fail(count < 0 ? errno : ENOSPC);
    }
    if (::fsync(m_descriptor) != 0) {
        return fail(errno);
    }
    return {};
}

Result<void> PackedFileWriter::finish(const PackedKey& key) {
    const std::string table = encodeTable(m_modules);
    PackedHeader header;
    std::memcpy(header.magic, kPackedMagic, sizeof(header.magic));
    CHECK(key.contentHash.size() == sizeof(header.contentHash));
    std::memcpy(header.contentHash, key.contentHash.data(), sizeof(header.contentHash));
    header.version = kPackedFileVersion;
    header.mergedAdapters = key.mergedAdapters ? 1 : 0;
    header.sourcePlace = key.sourcePlace;
    header.sourceStamp = key.sourceStamp;
    header.tableOffset = m_size;
    header.tableBytes = table.size();
    header.tableHash = XXH3_64bits(table.data(), table.size());
    header.fileBytes = m_size + table.size();
    header.headerHash = headerHash(header);
    if (auto written = append(std::as_bytes(std::span(table)), {}); !written) {
        return written;
    }
    if (::ftruncate(m_descriptor, static_cast<off_t>(header.fileBytes)) != 0) {
        return fail(errno);
    }
    if (auto synced = sync(header); !synced) {
        return synced;
    }
    if (::rename(m_path.c_str(), m_target.c_str()) != 0) {
        return fail(errno);
    }
    m_isFinished = true;
    // So that the name, too, is on the disk; without it the file is only missing after a crash.
    const int folder = ::open(m_target.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder >= 0) {
        (void)::fsync(folder);
        ::close(folder);
    }
    return {};
}

void removeAbandonedTemporaries(const fs::path& directory) {
    std::error_code failed;
    std::vector<fs::path> temporaries;
    for (fs::directory_iterator entry(directory, failed), end; !failed && entry != end;
         entry.increment(failed)) {
        if (entry->path().filename().string().find(".packed.") != std::string::npos &&
            entry->path().extension() == kTemporarySuffix) {
            temporaries.push_back(entry->path());
        }
    }
    for (const fs::path& path : temporaries) {
        removeIfAbandoned(path);
    }
}

}  // namespace apertura
