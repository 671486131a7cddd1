// What a checkpoint folder holds, for a list to choose from.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "inference/status.h"

namespace apertura {

struct CheckpointSummary {
    std::string precision;         // as ModelInfo::precision of the loaded model
    std::int64_t weightBytes = 0;  // of the weight files, adapters included
};

// Reads config files, the headers of the weight files and SINQ's sidecar, never weights: a few
// milliseconds for an 8B. Errors: fileMissing, fileCorrupt, unsupported, as loadCheckpoint(), which
// finds more.
Result<CheckpointSummary> summarizeCheckpoint(const std::filesystem::path& directory);

}  // namespace apertura
