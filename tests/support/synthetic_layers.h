// Layers of any size with drawn numbers, made quickly: for what depends on shapes alone, such as
// traffic and speed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "inference/weights/checkpoint.h"

namespace apertura::test {

enum class SyntheticFormat {
    int4,         // one scale for 128 inputs
    int8,         // likewise
    sinq,         // 4 bits, a scale and an integer zero for 64 inputs, a scale per input
    int4Adapters  // int4 with an adapter of rank 128 on each linear
};

const std::vector<SyntheticFormat>& allSyntheticFormats();
std::string syntheticFormatName(SyntheticFormat format);

// The layers of an 8B model, by default one of them with a small head.
struct SyntheticShape {
    std::int64_t hidden = 4096;
    std::int64_t feedforward = 21504;
    std::int64_t queryHeads = 32;
    std::int64_t kvHeads = 8;
    std::int64_t headDim = 128;
    std::int64_t vocabulary = 512;
    std::int64_t layers = 1;
};

// Requires: inputs of every linear multiples of 128. Embedding and head share their memory, BF16.
std::shared_ptr<const ModelWeights> makeSyntheticLayers(const SyntheticShape& shape,
                                                        SyntheticFormat format);

}  // namespace apertura::test
