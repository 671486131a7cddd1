// Whether a device computes what it should: one layer of a made-up model against the reference
// backend.
#pragma once

#include <span>

#include "inference/backend/cuda/device_choice.h"
#include "inference/status.h"

namespace apertura::cuda {

// What the comparison is made of: whether logits of the device are those of the reference, up to
// the roundings of its formats. Errors: deviceLost, naming the first that is not.
Result<void> checkLogits(std::span<const float> got, std::span<const float> expected);

// Errors: deviceLost where the results differ or the device fails; outOfMemory.
Result<void> runSelfTest(const Device& device);

}  // namespace apertura::cuda
