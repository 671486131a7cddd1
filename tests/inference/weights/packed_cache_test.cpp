// The packed cache: what is mapped is what was converted, and nothing that is damaged, stale, cut
// short or half written is ever used.
#include "inference/weights/packed_cache.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>
#include <xxhash.h>

#include "kernels/check.h"
#include "tests/support/cases.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

using Loaded = Result<std::shared_ptr<const ModelWeights>>;

Loaded load(const fs::path& model, const fs::path& cache,
            std::uint64_t maximumBytes = PackedCacheOptions().maximumBytes,
            const AdapterChoice& adapter = {}) {
    return loadCheckpoint({model, adapter}, {}, {}, {cache, maximumBytes});
}

bool expectUse(const Loaded& loaded, PackedCacheUse expected, const std::string& what,
               Findings& findings) {
    if (!loaded) {
        findings.fail(what + ": " + loaded.error().message);
        return false;
    }
    return findings.equal(std::string(packedCacheUseName((*loaded)->packedCache)),
                          std::string(packedCacheUseName(expected)), what);
}

// ---- what weights are, byte by byte

template <typename T>
std::uint64_t digest(std::span<const T> values) {
    return XXH3_64bits(values.data(), values.size_bytes()) + values.size_bytes();
}

std::vector<std::uint64_t> describe(const kernels::DenseMatrix& matrix) {
    return {static_cast<std::uint64_t>(matrix.type), static_cast<std::uint64_t>(matrix.rows),
            static_cast<std::uint64_t>(matrix.columns),
            XXH3_64bits(matrix.data, static_cast<std::size_t>(matrix.byteCount()))};
}

std::vector<std::uint64_t> describe(const kernels::QuantizedMatrix& matrix) {
    return {static_cast<std::uint64_t>(matrix.inputs),
            static_cast<std::uint64_t>(matrix.outputs),
            static_cast<std::uint64_t>(matrix.groupSize),
            static_cast<std::uint64_t>(matrix.bits),
            matrix.symmetricZero,
            digest(matrix.codes),
            digest(matrix.scales),
            digest(matrix.integerZeros),
            digest(matrix.realZeros),
            digest(matrix.inputScale),
            digest(matrix.inputOrder)};
}

std::vector<std::uint64_t> describe(const kernels::Linear& linear) {
    std::vector<std::uint64_t> all = {static_cast<std::uint64_t>(linear.inputs),
                                      static_cast<std::uint64_t>(linear.outputs)};
    const auto append = [&all](const std::vector<std::uint64_t>& more) {
        all.insert(all.end(), more.begin(), more.end());
    };
    for (const kernels::LinearBlock& block : linear.blocks) {
        all.push_back(static_cast<std::uint64_t>(block.firstOutput));
        std::visit([&](const auto& matrix) { append(describe(matrix)); }, block.matrix);
    }
    if (linear.adapter) {
        append(describe(linear.adapter->a));
        append(describe(linear.adapter->b));
    }
    return all;
}

void expectSame(const ModelWeights& actual, const ModelWeights& expected, Findings& findings) {
    if (!findings.equal(actual.layers.size(), expected.layers.size(), "layers")) {
        return;
    }
    for (std::size_t i = 0; i < actual.layers.size(); ++i) {
        using Member = kernels::Linear LayerWeights::*;
        for (const Member member :
             {&LayerWeights::query, &LayerWeights::key, &LayerWeights::value, &LayerWeights::output,
              &LayerWeights::up, &LayerWeights::down}) {
            findings.verify(
                describe(actual.layers[i].*member) == describe(expected.layers[i].*member),
                "a linear of layer " + std::to_string(i) + " differs");
        }
        findings.verify(actual.layers[i].attentionNorm == expected.layers[i].attentionNorm,
                        "a norm differs");
    }
    findings.verify(describe(actual.head) == describe(expected.head), "the head differs");
    findings.verify(describe(actual.embedding) == describe(expected.embedding),
                    "the embedding differs");
    findings.equal(actual.weightBytes, expected.weightBytes, "weight bytes");
    findings.equal(actual.adapterBytes, expected.adapterBytes, "adapter bytes");
    findings.equal(actual.contentHash, expected.contentHash, "content hash");
    findings.equal(actual.precision, expected.precision, "precision");
    findings.verify(actual.warnings == expected.warnings, "the warnings differ");
    findings.equal(actual.modules.size(), expected.modules.size(), "modules");
    for (std::size_t i = 0; i < std::min(actual.modules.size(), expected.modules.size()); ++i) {
        const ModuleInfo& a = actual.modules[i];
        const ModuleInfo& b = expected.modules[i];
        findings.verify(a.name == b.name && a.format == b.format && a.bits == b.bits &&
                            a.groupSize == b.groupSize && a.adapterRank == b.adapterRank,
                        b.name + " is described differently");
    }
}

// ---- folders

fs::path smallModel() {
    return findGoldens("models/micro/gptq-desc-act").front();
}

// The model's own files in a folder that may be written to.
void copyModel(const fs::path& from, const fs::path& to) {
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
}

std::vector<fs::path> filesIn(const fs::path& folder) {
    std::vector<fs::path> files;
    if (fs::exists(folder)) {
        for (const auto& entry : fs::directory_iterator(folder)) {
            files.push_back(entry.path());
        }
    }
    std::sort(files.begin(), files.end());
    return files;
}

// The one packed file in a folder that holds nothing else.
fs::path onlyFile(const fs::path& folder, Findings& findings) {
    const auto files = filesIn(folder);
    findings.equal(files.size(), std::size_t{1}, "files in the cache");
    return files.empty() ? fs::path() : files.front();
}

void overwrite(const fs::path& file, std::uint64_t offset, std::string_view bytes) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekp(static_cast<std::streamoff>(offset));
    stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    CHECK(stream.good());
}

void flipByte(const fs::path& file, std::uint64_t offset) {
    const std::string content = readFile(file);
    overwrite(file, offset, std::string(1, static_cast<char>(content.at(offset) ^ 0x10)));
}

PackedHeader headerOf(const fs::path& file) {
    PackedHeader header;
    const std::string content = readFile(file);
    std::memcpy(&header, content.data(), sizeof(header));
    return header;
}

void setHeader(const fs::path& file, PackedHeader header) {
    header.headerHash = headerHash(header);
    overwrite(file, 0, {reinterpret_cast<const char*>(&header), sizeof(header)});
}

// ---- cases

void aHitIsTheConversion(const fs::path& model, Findings& findings) {
    const TemporaryFolder cache;
    const auto plain = load(model, {});
    const auto first = load(model, cache.path());
    const auto second = load(model, cache.path());
    if (!expectUse(plain, PackedCacheUse::off, "without a folder", findings)) {
        return;
    }
    const bool isDense = first && (*first)->packedCache == PackedCacheUse::unneeded;
    if (isDense) {
        expectUse(second, PackedCacheUse::unneeded, "second load", findings);
        findings.verify((*plain)->precision.find("bit") == std::string::npos, "nothing was cached");
        findings.verify(filesIn(cache.path()).empty(), "a dense checkpoint has a packed file");
        return;
    }
    if (expectUse(first, PackedCacheUse::written, "first load", findings) &&
        expectUse(second, PackedCacheUse::hit, "second load", findings)) {
        expectSame(**first, **plain, findings);
        expectSame(**second, **plain, findings);
        onlyFile(cache.path(), findings);
    }
}

// Damages the file by `damage`, and expects that it is found, rebuilt, and then used.
void expectRebuilt(const std::string& what, const std::function<void(const fs::path&)>& damage,
                   Findings& findings) {
    const TemporaryFolder cache;
    const auto plain = load(smallModel(), {});
    expectUse(load(smallModel(), cache.path()), PackedCacheUse::written, what, findings);
    damage(onlyFile(cache.path(), findings));
    const auto rebuilt = load(smallModel(), cache.path());
    if (expectUse(rebuilt, PackedCacheUse::rebuilt, what, findings)) {
        expectSame(**rebuilt, **plain, findings);
    }
    expectUse(load(smallModel(), cache.path()), PackedCacheUse::hit, what + ", again", findings);
}

void everyDamageIsFound(Findings& findings) {
    for (std::uint64_t offset = 0; offset < sizeof(PackedHeader); offset += 9) {
        expectRebuilt(
            "header byte " + std::to_string(offset),
            [offset](const fs::path& file) { flipByte(file, offset); }, findings);
    }
    const auto inTable = [](std::uint64_t past) {
        return [past](const fs::path& file) { flipByte(file, headerOf(file).tableOffset + past); };
    };
    expectRebuilt("first byte of the table", inTable(0), findings);
    expectRebuilt("byte 500 of the table", inTable(500), findings);
    for (const std::uint64_t share : {0, 1, 2, 3, 4, 5, 6, 7}) {
        // A multiple of 64, where a section has bytes and no padding.
        expectRebuilt(
            "section byte at " + std::to_string(share) + "/8",
            [share](const fs::path& file) {
                flipByte(file, 128 + headerOf(file).tableOffset / 8 * share / 64 * 64);
            },
            findings);
    }
    for (const std::uint64_t left : {0, 7, 103, 104, 5000}) {
        expectRebuilt(
            "cut to " + std::to_string(left) + " bytes",
            [left](const fs::path& file) { fs::resize_file(file, left); }, findings);
    }
    expectRebuilt(
        "cut by one byte",
        [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) - 1); }, findings);
    expectRebuilt(
        "a byte too many",
        [](const fs::path& file) { fs::resize_file(file, fs::file_size(file) + 1); }, findings);
}

void filesOfOthersAreNotTrusted(Findings& findings) {
    expectRebuilt(
        "another version",
        [](const fs::path& file) {
            PackedHeader header = headerOf(file);
            ++header.version;
            setHeader(file, header);
        },
        findings);
    expectRebuilt(
        "another checkpoint",
        [](const fs::path& file) {
            PackedHeader header = headerOf(file);
            header.contentHash[5] = header.contentHash[5] == 'a' ? 'b' : 'a';
            setHeader(file, header);
        },
        findings);
    // With checksums that are right, and a table that describes other shapes.
    expectRebuilt(
        "a block with other outputs",
        [](const fs::path& file) {
            PackedHeader header = headerOf(file);
            const std::string content = readFile(file);
            auto modules =
                decodeTable(std::as_bytes(std::span(content)).subspan(header.tableOffset));
            CHECK(modules.has_value());
            modules->front().blocks.front().outputs += 16;
            const std::string table = encodeTable(*modules);
            CHECK(table.size() == header.tableBytes);
            header.tableHash = XXH3_64bits(table.data(), table.size());
            setHeader(file, header);
            overwrite(file, header.tableOffset, table);
        },
        findings);
}

// The content hash looks at parts of a large tensor; the times of the files tell the rest.
void aCheckpointWrittenToIsConvertedAgain(Findings& findings) {
    const TemporaryFolder model;
    const TemporaryFolder other;
    const TemporaryFolder cache;
    copyModel(smallModel(), model.path());
    copyModel(smallModel(), other.path());
    expectUse(load(model.path(), cache.path()), PackedCacheUse::written, "first", findings);
    expectUse(load(other.path(), cache.path()), PackedCacheUse::hit, "the same elsewhere",
              findings);
    const fs::path file = model.path() / "model.safetensors";
    fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(2));
    expectUse(load(model.path(), cache.path()), PackedCacheUse::rebuilt, "newer files", findings);
}

void adaptersLeftOutHaveAFileOfTheirOwn(Findings& findings) {
    const auto models = findGoldens("models/micro/gptq-mixed-eora-merged");
    if (models.empty()) {
        findings.skip("no checkpoint with merged adapters is here");
        return;
    }
    const TemporaryFolder cache;
    const std::uint64_t cap = PackedCacheOptions().maximumBytes;
    const AdapterChoice none{AdapterChoice::Kind::none, {}};
    expectUse(load(models.front(), cache.path()), PackedCacheUse::written, "with", findings);
    const auto without = load(models.front(), cache.path(), cap, none);
    expectUse(without, PackedCacheUse::written, "without", findings);
    const auto again = load(models.front(), cache.path());
    if (expectUse(again, PackedCacheUse::hit, "with, again", findings) && without) {
        findings.verify((*again)->adapterBytes > 0, "the adapters are gone");
        findings.equal((*without)->adapterBytes, std::int64_t{0}, "adapters left out");
    }
}

// A file of another checkpoint: `age` old, of a size that the small model's file is a part of.
fs::path addOldFile(const fs::path& cache, char digit, std::chrono::hours age,
                    std::uint64_t bytes) {
    const fs::path file = cache / (std::string(32, digit) + ".v1.packed");
    writeText(file, "x");
    fs::resize_file(file, bytes);
    fs::last_write_time(file, fs::file_time_type::clock::now() - age);
    return file;
}

void theLeastRecentlyUsedGoFirst(Findings& findings) {
    const TemporaryFolder cache;
    load(smallModel(), cache.path()).ok();
    const fs::path own = onlyFile(cache.path(), findings);
    const std::uint64_t size = fs::file_size(own);
    // It is used now, however old it was.
    fs::last_write_time(own, fs::file_time_type::clock::now() - std::chrono::hours(1000));
    expectUse(load(smallModel(), cache.path()), PackedCacheUse::hit, "used", findings);
    findings.verify(
        fs::file_time_type::clock::now() - fs::last_write_time(own) < std::chrono::hours(1),
        "a use does not show");
    fs::remove(own);

    const fs::path oldest = addOldFile(cache.path(), 'a', std::chrono::hours(3), size);
    const fs::path middle = addOldFile(cache.path(), 'b', std::chrono::hours(2), size);
    const fs::path newest = addOldFile(cache.path(), 'c', std::chrono::hours(1), size);
    writeText(cache.path() / "mine.packed", std::string(100'000, 'x'));
    expectUse(load(smallModel(), cache.path(), 3 * size), PackedCacheUse::written, "capped",
              findings);
    findings.verify(!fs::exists(oldest), "the oldest file is still there");
    findings.verify(fs::exists(middle) && fs::exists(newest), "more was removed than was needed");
    findings.verify(fs::exists(own), "the file in use was removed");
    findings.verify(fs::exists(cache.path() / "mine.packed"), "a file of someone else is gone");

    for (const std::uint64_t cap : {size - 1, std::uint64_t{10}}) {
        const TemporaryFolder small;
        const auto loaded = load(smallModel(), small.path(), cap);
        if (expectUse(loaded, PackedCacheUse::failed, "a cap below the file", findings)) {
            findings.verify((*loaded)->warnings.size() == 1, "no warning");
        }
        findings.verify(filesIn(small.path()).empty(), "something was left behind");
    }
}

// Runs `work` in a process of its own; its exit status, or 128 + the signal that ended it.
int inChild(const std::function<int()>& work) {
    const pid_t child = ::fork();
    CHECK(child >= 0);
    if (child == 0) {
        ::_exit(work());
    }
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A limit on file sizes fails as a full disk does, at any byte.
void aFullDiskOnlyWarns(Findings& findings) {
    const auto plain = load(smallModel(), {});
    for (const rlim_t limit : {rlim_t{0}, rlim_t{50}, rlim_t{20'000}, rlim_t{150'000}}) {
        const TemporaryFolder cache;
        const int status = inChild([&] {
            std::signal(SIGXFSZ, SIG_IGN);
            const rlimit limits{limit, limit};
            ::setrlimit(RLIMIT_FSIZE, &limits);
            const auto loaded = load(smallModel(), cache.path());
            if (!loaded || (*loaded)->packedCache != PackedCacheUse::failed ||
                (*loaded)->warnings.size() != (*plain)->warnings.size() + 1) {
                return 1;
            }
            return describe((*loaded)->layers[0].up) == describe((*plain)->layers[0].up) ? 0 : 2;
        });
        findings.equal(status, 0, "load with " + std::to_string(limit) + " bytes of disk");
        findings.verify(filesIn(cache.path()).empty(), "a partial file was left behind");
    }
    const TemporaryFolder folder;
    writeText(folder.path() / "file", "x");
    expectUse(load(smallModel(), folder.path() / "file" / "cache"), PackedCacheUse::failed,
              "a folder that cannot be made", findings);
}

// They write at the same time, and each has its weights.
void severalProcessesShareTheFolder(Findings& findings) {
    const TemporaryFolder cache;
    const auto plain = load(smallModel(), {});
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
        const pid_t child = ::fork();
        CHECK(child >= 0);
        if (child == 0) {
            for (int round = 0; round < 5; ++round) {
                const auto loaded = load(smallModel(), cache.path());
                if (round % 2 == 0) {
                    for (const fs::path& file : filesIn(cache.path())) {
                        std::error_code gone;
                        if (file.extension() == ".packed") {
                            fs::remove(file, gone);
                        }
                    }
                }
                // Another process may take the file away between writing and mapping it; the
                // weights are right even then.
                if (!loaded ||
                    describe((*loaded)->layers[0].up) != describe((*plain)->layers[0].up)) {
                    ::_exit(1);
                }
            }
            ::_exit(0);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        CHECK(::waitpid(child, &status, 0) == child);
        findings.equal(status, 0, "status of a process");
    }
    for (const fs::path& file : filesIn(cache.path())) {
        findings.verify(file.extension() == ".packed", file.string() + " was left behind");
    }
}

// Killed at ten places while it writes: what is left is never taken for a cache, and goes.
void aKilledWriterLeavesNothingTrusted(Findings& findings) {
    const TemporaryFolder cache;
    int partial = 0;
    for (int kill = 1; kill <= 10; ++kill) {
        int calls = 0;
        const int status = inChild([&] {
            loadCheckpoint({smallModel(), {}},
                           [&](std::int64_t, std::int64_t) {
                               if (++calls > 2 * kill) {
                                   ::kill(::getpid(), SIGKILL);
                               }
                           },
                           {}, {cache.path()})
                .ok();
            return 0;
        });
        findings.equal(status, 128 + SIGKILL, "status of the killed process");
        for (const fs::path& file : filesIn(cache.path())) {
            partial += file.extension() == ".partial" ? 1 : 0;
            findings.verify(file.extension() == ".partial", "a killed writer left a cache");
        }
        // The one killed before is removed by the next writer.
        findings.verify(filesIn(cache.path()).size() <= 1, "abandoned files pile up");
    }
    findings.verify(partial >= 5, "few of the kills came while the file was written");
    expectUse(load(smallModel(), cache.path()), PackedCacheUse::written, "after the kills",
              findings);
    onlyFile(cache.path(), findings);
}

void aStopWhileWritingLeavesNothing(Findings& findings) {
    const TemporaryFolder cache;
    std::stop_source stop;
    int calls = 0;
    const auto loaded = loadCheckpoint({smallModel(), {}},
                                       [&](std::int64_t, std::int64_t) {
                                           if (++calls == 12) {
                                               stop.request_stop();
                                           }
                                       },
                                       stop.get_token(), {cache.path()});
    findings.verify(!loaded && loaded.error().code == ErrorCode::cancelled, "was not cancelled");
    findings.verify(filesIn(cache.path()).empty(), "a stopped load left a file behind");
}

void aFileBeingWrittenIsLeftAlone(Findings& findings) {
    const TemporaryFolder cache;
    const auto writer = PackedFileWriter::create(cache.path(), std::string(32, 'd') + ".v1.packed",
                                                 std::uint64_t{1} << 20);
    findings.verify(writer.ok(), "the writer cannot begin");
    const auto before = filesIn(cache.path());
    removeAbandonedTemporaries(cache.path());
    findings.verify(filesIn(cache.path()) == before && before.size() == 1,
                    "a file in the making was removed");
}

void progressRisesOverBothPasses(Findings& findings) {
    const TemporaryFolder cache;
    for (int round = 0; round < 2; ++round) {
        std::int64_t last = 0;
        std::int64_t end = 0;
        const auto loaded =
            loadCheckpoint({smallModel(), {}},
                           [&](std::int64_t done, std::int64_t total) {
                               findings.verify(done >= last && done <= total, "progress falls");
                               last = done;
                               end = total;
                           },
                           {}, {cache.path()});
        findings.verify(loaded.ok() && end > 0 && last == end, "progress ends before the total");
    }
}

// Every quantized form that is at hand, each once.
std::vector<fs::path> goldenModels() {
    std::vector<fs::path> models;
    std::set<fs::path> names;
    for (const char* group : {"models/micro", "models/demo"}) {
        for (const fs::path& folder : findGoldens(group)) {
            for (const fs::path& model : filesIn(folder)) {
                if (fs::exists(model / "config.json") &&
                    names.insert(model.parent_path().filename() / model.filename()).second) {
                    models.push_back(model);
                }
            }
        }
    }
    return models;
}

}  // namespace

std::vector<Case> cases() {
    std::vector<Case> all = {
        {"everyDamageIsFound", everyDamageIsFound},
        {"filesOfOthersAreNotTrusted", filesOfOthersAreNotTrusted},
        {"aCheckpointWrittenToIsConvertedAgain", aCheckpointWrittenToIsConvertedAgain},
        {"adaptersLeftOutHaveAFileOfTheirOwn", adaptersLeftOutHaveAFileOfTheirOwn},
        {"theLeastRecentlyUsedGoFirst", theLeastRecentlyUsedGoFirst},
        {"aFullDiskOnlyWarns", aFullDiskOnlyWarns},
        {"severalProcessesShareTheFolder", severalProcessesShareTheFolder},
        {"aKilledWriterLeavesNothingTrusted", aKilledWriterLeavesNothingTrusted},
        {"aStopWhileWritingLeavesNothing", aStopWhileWritingLeavesNothing},
        {"aFileBeingWrittenIsLeftAlone", aFileBeingWrittenIsLeftAlone},
        {"progressRisesOverBothPasses", progressRisesOverBothPasses}};
    for (const fs::path& model : goldenModels()) {
        const std::string name = model.parent_path().filename() / model.filename();
        all.push_back({"aHitIsTheConversion: " + name,
                       [model](Findings& findings) { aHitIsTheConversion(model, findings); }});
    }
    return all;
}

}  // namespace apertura::test
