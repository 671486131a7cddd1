// The packed cache: what is mapped is what was converted, and nothing that is damaged, stale, cut
// short or half written is ever used.
#include "inference/weights/packed_cache.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <set>
#include <string>
#include <vector>
#include <xxhash.h>

#include "kernels/check.h"
#include "tests/inference/weights/packed_fixture.h"
#include "tests/support/cases.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

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

// The content hash looks at parts of a large tensor; places and times of the files tell the rest.
void aCheckpointWrittenToIsConvertedAgain(Findings& findings) {
    const TemporaryFolder model;
    const TemporaryFolder other;
    const TemporaryFolder cache;
    copyModel(smallModel(), model.path());
    copyModel(smallModel(), other.path());
    expectUse(load(model.path(), cache.path()), PackedCacheUse::written, "first", findings);
    expectUse(load(other.path(), cache.path()), PackedCacheUse::written, "a copy", findings);
    findings.equal(filesIn(cache.path()).size(), std::size_t{2}, "files of two copies");
    expectUse(load(other.path(), cache.path()), PackedCacheUse::hit, "the copy again", findings);
    const fs::path file = model.path() / "model.safetensors";
    fs::last_write_time(file, fs::last_write_time(file) + std::chrono::seconds(2));
    expectUse(load(model.path(), cache.path()), PackedCacheUse::rebuilt, "newer files", findings);
    findings.equal(filesIn(cache.path()).size(), std::size_t{2}, "files after that");

    const TemporaryFolder elsewhere;
    fs::create_directory_symlink(model.path(), elsewhere.path() / "link");
    expectUse(load(elsewhere.path() / "link", cache.path()), PackedCacheUse::hit, "by a link",
              findings);
}

// Where the content hash of a model does not look: past the first 4 KiB of its largest packed
// codes.
std::uint64_t unseenByte(const fs::path& weights) {
    const auto file = WeightFile::open(weights, "model.safetensors");
    CHECK(file.ok());
    const TensorEntry* largest = nullptr;
    for (const TensorEntry& tensor : file->tensors) {
        if (tensor.name.ends_with(".qweight") &&
            (largest == nullptr || tensor.end - tensor.begin > largest->end - largest->begin)) {
            largest = &tensor;
        }
    }
    CHECK(largest != nullptr && largest->end - largest->begin > 16384);
    return static_cast<std::uint64_t>(largest->begin) + 4100;
}

void aCopyWithOneOtherByteIsConvertedAnew(Findings& findings) {
    const TemporaryFolder model;
    const TemporaryFolder copy;
    const TemporaryFolder cache;
    copyModel(smallModel(), model.path());
    copyModel(smallModel(), copy.path());
    const fs::path changed = copy.path() / "model.safetensors";
    flipByte(changed, unseenByte(changed));
    fs::last_write_time(changed, fs::last_write_time(model.path() / "model.safetensors"));
    const auto first = load(model.path(), cache.path());
    const auto second = load(copy.path(), cache.path());
    const auto plain = load(copy.path(), {});
    if (expectUse(first, PackedCacheUse::written, "model", findings) &&
        expectUse(second, PackedCacheUse::written, "copy", findings)) {
        expectSame(**second, **plain, findings);
        findings.equal((*first)->contentHash, (*second)->contentHash, "content hash of the copy");
    }
}

// An adapter folder is no part of the packed file: with it and without it, one file serves.
void anAdapterFolderSharesTheFile(Findings& findings) {
    const auto models = findGoldens("models/micro/gptq-mixed-eora-folder");
    if (models.empty()) {
        findings.skip("no checkpoint with an adapter folder is here");
        return;
    }
    const TemporaryFolder cache;
    const std::uint64_t cap = PackedCacheOptions().maximumBytes;
    const AdapterChoice none{AdapterChoice::Kind::none, {}};
    const auto with = load(models.front(), cache.path());
    const auto without = load(models.front(), cache.path(), cap, none);
    const auto plain = load(models.front(), {}, cap, none);
    if (expectUse(with, PackedCacheUse::written, "with", findings) &&
        expectUse(without, PackedCacheUse::hit, "without", findings)) {
        findings.verify((*with)->adapterBytes > 0, "the adapter is gone");
        findings.verify((*with)->contentHash != (*without)->contentHash, "one content hash");
        expectSame(**without, **plain, findings);
        onlyFile(cache.path(), findings);
    }
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
    const fs::path file = cache / (std::string(32, digit) + "-0123456789abcdef.v1.packed");
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

void aStopWhileWritingLeavesNothing(Findings& findings) {
    const TemporaryFolder cache;
    std::stop_source stop;
    int calls = 0;
    const auto loaded = loadCheckpoint({smallModel(), {}},
                                       [&](const PhaseEvent&) {
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
    const auto writer = PackedFileWriter::create(
        cache.path(), std::string(32, 'd') + "-0123456789abcdef.v1.packed", std::uint64_t{1} << 20);
    findings.verify(writer.ok(), "the writer cannot begin");
    const auto before = filesIn(cache.path());
    removeAbandonedTemporaries(cache.path());
    findings.verify(filesIn(cache.path()) == before && before.size() == 1,
                    "a file in the making was removed");
}

// The phases in the order they came, each having risen to its total.
std::vector<Phase> phasesOfLoading(const fs::path& cache, Findings& findings) {
    std::vector<Phase> phases;
    PhaseEvent last;
    const auto take = [&](const PhaseEvent& event) {
        const bool isNew = phases.empty() || phases.back() != event.phase;
        if (isNew) {
            findings.equal(last.done, last.total, "the end of a phase");
            phases.push_back(event.phase);
            last = {};
        }
        findings.verify(event.done >= last.done && event.done <= event.total, "progress falls");
        last = event;
    };
    const auto loaded = loadCheckpoint({smallModel(), {}}, take, {}, {cache});
    findings.verify(loaded.ok() && last.total > 0 && last.done == last.total,
                    "progress ends before the total");
    return phases;
}

void writingIsAPhaseOfItsOwn(Findings& findings) {
    const TemporaryFolder cache;
    findings.verify(
        phasesOfLoading(cache.path(), findings) == std::vector{Phase::preparing, Phase::loading},
        "the phases of a load that writes");
    findings.verify(phasesOfLoading(cache.path(), findings) == std::vector{Phase::loading},
                    "the phases of a hit");
    findings.verify(phasesOfLoading({}, findings) == std::vector{Phase::loading},
                    "the phases without a cache");
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
        {"aCopyWithOneOtherByteIsConvertedAnew", aCopyWithOneOtherByteIsConvertedAnew},
        {"anAdapterFolderSharesTheFile", anAdapterFolderSharesTheFile},
        {"adaptersLeftOutHaveAFileOfTheirOwn", adaptersLeftOutHaveAFileOfTheirOwn},
        {"theLeastRecentlyUsedGoFirst", theLeastRecentlyUsedGoFirst},
        {"aStopWhileWritingLeavesNothing", aStopWhileWritingLeavesNothing},
        {"aFileBeingWrittenIsLeftAlone", aFileBeingWrittenIsLeftAlone},
        {"writingIsAPhaseOfItsOwn", writingIsAPhaseOfItsOwn}};
    for (const fs::path& model : goldenModels()) {
        const std::string name = model.parent_path().filename() / model.filename();
        all.push_back({"aHitIsTheConversion: " + name,
                       [model](Findings& findings) { aHitIsTheConversion(model, findings); }});
    }
    return all;
}

}  // namespace apertura::test
