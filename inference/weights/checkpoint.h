// A checkpoint's weights in memory: every format quirk resolved, matrices in the two canonical
// types.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "inference/engine.h"
#include "inference/options.h"
#include "inference/status.h"
#include "inference/weights/model_config.h"
#include "kernels/linear.h"
#include "kernels/matrix.h"
#include "kernels/xielu.h"

namespace apertura {

struct LayerWeights {
    std::vector<float> attentionNorm;           // [H]
    std::vector<float> feedforwardNorm;         // [H]
    std::vector<float> queryNorm;               // [D]
    std::vector<float> keyNorm;                 // [D]
    kernels::Linear query, key, value, output;  // [Q D, H], [K D, H], [K D, H], [H, Q D]
    kernels::Linear up, down;                   // [F, H], [H, F]
    kernels::Xielu xielu;
};

// What became of the packed cache (packed_cache.h) when a checkpoint was loaded.
enum class PackedCacheUse {
    off,
    unneeded,  // nothing of the checkpoint is converted
    hit,
    written,
    rebuilt,  // written in place of one that was damaged or made from other files
    failed    // not written; a warning says why
};

// As the enumerators.
const char* packedCacheUseName(PackedCacheUse use);

// Owns (or maps) everything that its matrices point to.
struct ModelWeights {
    ModelConfig config;
    kernels::DenseMatrix embedding;  // [vocabSize, H]
    std::vector<LayerWeights> layers;
    std::vector<float> finalNorm;  // [H]
    kernels::Linear head;          // [outputVocabSize, H]; the embedding's memory where tied

    std::vector<ModuleInfo> modules;  // every linear, in model order
    std::string precision;            // for a person: "GPTQ 4/8-bit g128 + EoRA"
    std::string contentHash;          // 32 hex digits
    std::int64_t parameterCount = 0;
    std::int64_t weightBytes = 0;  // in memory, adapters left out
    std::int64_t adapterBytes = 0;
    PackedCacheUse packedCache = PackedCacheUse::off;
    std::vector<std::string> warnings;  // one sentence each, naming file and field

    std::shared_ptr<const void> storage;
};

// Where the packed forms of checkpoints are kept, as in LoadOptions.
struct PackedCacheOptions {
    std::filesystem::path directory;                              // empty = nowhere
    std::uint64_t maximumBytes = LoadOptions().packedCacheBytes;  // 0 = none
};

// Loads the checkpoint in `source.directory`. Nothing outside the folder is read (except through a
// hub cache's own links, and in the packed cache), no code of it is run. `onProgress` hears of the
// bytes done, which rise within a phase: Phase::preparing where a packed file is written, and then,
// or else at once, Phase::loading. Errors: fileMissing, fileCorrupt, unsupported, outOfMemory,
// cancelled (within about 100 ms of `stop`).
Result<std::shared_ptr<const ModelWeights>> loadCheckpoint(
    const ModelSource& source, const std::function<void(const PhaseEvent&)>& onProgress,
    std::stop_token stop, const PackedCacheOptions& cache = {});

}  // namespace apertura
