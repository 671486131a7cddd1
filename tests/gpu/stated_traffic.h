// What the kernels of one decoding step of a layer read besides weights and cache, by the formulas
// that their grids follow from.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "inference/weights/checkpoint.h"

namespace apertura::test {

struct StatedLoads {
    std::int64_t launches = 0;
    std::int64_t activationBytes = 0;  // over the launches, activations that blocks share counted
                                       // once for each
};

// By the kernel's name in the source. One token, `positions` of the cache read, its own included.
std::map<std::string, StatedLoads> statedLoads(const ModelConfig& config, const LayerWeights& layer,
                                               std::int64_t positions);

}  // namespace apertura::test
