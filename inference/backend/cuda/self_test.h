// Whether a device computes what it should: one layer of a made-up model against the reference
// backend.
#pragma once

#include "inference/backend/cuda/device_choice.h"
#include "inference/status.h"

namespace apertura::cuda {

// Errors: deviceLost where the results differ or the device fails; outOfMemory.
Result<void> runSelfTest(const Device& device);

}  // namespace apertura::cuda
