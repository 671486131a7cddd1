// A small model of random weights, for testing a device: every kind of product that checkpoints
// have, at the size of a real layer's pieces.
#pragma once

#include <memory>

#include "inference/weights/checkpoint.h"

namespace apertura::cuda {

// One layer: H 1024, 16 query heads over 4 KV heads of 64, F 2048, V 512; 4-bit codes with common,
// integer and real zeros, 8-bit codes, an input scale, an adapter, a dense head.
std::shared_ptr<const ModelWeights> makeSyntheticModel();

}  // namespace apertura::cuda
