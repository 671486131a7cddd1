#include "tests/inference/weights/packed_fixture.h"

#include <algorithm>
#include <xxhash.h>

#include "tests/support/goldens.h"

namespace apertura::test {

namespace fs = std::filesystem;

namespace {

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

}  // namespace

Loaded load(const fs::path& model, const fs::path& cache, std::uint64_t maximumBytes,
            const AdapterChoice& adapter) {
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

fs::path smallModel() {
    return findGoldens("models/micro/gptq-desc-act").front();
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

void copyModel(const fs::path& from, const fs::path& to) {
    fs::copy(from, to, fs::copy_options::recursive | fs::copy_options::overwrite_existing);
    for (const fs::path& file : filesIn(to)) {
        fs::permissions(file, fs::perms::owner_write, fs::perm_options::add);
    }
}

fs::path onlyFile(const fs::path& folder, Findings& findings) {
    const auto files = filesIn(folder);
    findings.equal(files.size(), std::size_t{1}, "files in the cache");
    return files.empty() ? fs::path() : files.front();
}

}  // namespace apertura::test
