// Remembers the self-test's result from one start to the next.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "inference/backend/cuda/device_choice.h"
#include "inference/status.h"

namespace apertura::cuda {

// What a result holds for: driver, runtime, device and the build of this library.
std::string selfTestKey(const Device& device);

// The remembered result for `key` in `directory`, else that of `run`, which is then remembered:
// that the device is right, and that it is wrong (deviceLost), but no lack of memory, which may
// pass. An empty directory, or one that cannot be written, remembers nothing.
Result<void> cachedSelfTest(const std::filesystem::path& directory, const std::string& key,
                            const std::function<Result<void>()>& run);

}  // namespace apertura::cuda
