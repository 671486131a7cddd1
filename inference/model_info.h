// What is known of a loaded checkpoint, for a person and for the plan of its memory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "inference/options.h"

namespace apertura {

// One linear of a checkpoint, for inspection.
struct ModuleInfo {
    std::string name;              // e.g. "model.layers.0.mlp.up_proj"
    std::string format;            // "bf16", "fp16", "fp32", "gptq", "sinq", "sinq-nf3", "sinq-nf4"
    double bits = 16;              // bits per weight of the codes as the file declares them
    std::int64_t groupSize = 0;    // 0 where there are no groups
    std::int64_t adapterRank = 0;  // 0 where there is none
};

// Bytes where the backend computes: what a model and a session of it take.
struct MemoryNeed {
    std::int64_t contextSize = 0;
    std::int64_t weightBytes = 0;  // adapters left out
    std::int64_t adapterBytes = 0;
    std::int64_t kvBytes = 0;
    std::int64_t scratchBytes = 0;

    std::int64_t total() const { return weightBytes + adapterBytes + kvBytes + scratchBytes; }
};

struct ModelInfo {
    std::string name;  // folder name, or the snapshot's repository name in a hub cache
    std::filesystem::path directory;
    std::string architecture;  // model_type of config.json
    std::string precision;     // for a person: "BF16", "GPTQ 4/8-bit g128 + EoRA", "SINQ 4-bit g64"
    std::string contentHash;   // 32 hex digits; equal for equal checkpoints
    std::string packedCache;   // "off", "unneeded", "hit", "written", "rebuilt" or "failed"
    std::int64_t vocabularySize = 0;
    std::int64_t layerCount = 0;
    std::int64_t maximumContext = 0;
    std::int64_t parameterCount = 0;
    std::int64_t weightBytes = 0;
    std::int64_t adapterBytes = 0;
    std::int64_t kvBytesPerToken = 0;
    bool hasChatTemplate = false;
    std::string chatTemplate;  // Jinja source in force
    SamplingOptions
        recommendedSampling;  // generation_config.json, else temperature 0.8 and top-p 0.9
    std::vector<ModuleInfo> modules;
    std::vector<std::string> warnings;  // one sentence each
    std::string backend;                // "reference", "cpu", "cuda"
    std::string backendReason;          // why this one, in a sentence
    std::string device;
    std::int64_t deviceMemoryUsedBytes = 0;  // once the weights are there; see Metrics
    std::int64_t deviceMemoryFreeBytes = 0;
    std::int64_t deviceMemoryOwnBytes = 0;
    std::vector<MemoryNeed> memoryPlan;  // by context size, with the KV type of the planned session
    double loadSeconds = 0.0;
};

}  // namespace apertura
