// The attention half of a layer for the few tokens of decoding: one launch each for the projection,
// the splits, combining them, and the output; one more for adapters of the projection and of the
// output. What the fused kernels do not take is left to the ops one by one, stage by stage.
#pragma once

#include "inference/backend/cuda/cuda_sequence.h"
#include "inference/backend/cuda/device_weights.h"

namespace apertura::cuda {

// One layer of a pass.
struct AttentionPass {
    const DeviceLayer& layer;
    const ModelConfig& config;
    std::int64_t index;  // of the layer
    const Pass& pass;
    CudaSequence& sequence;
};

// Whether projectFused() takes the layer for so many tokens.
bool canFuseProjection(const DeviceLayer& layer, const ModelConfig& config, std::int64_t tokens);
// Whether addAttendedFused() does.
bool canFuseOutput(const DeviceLayer& layer, std::int64_t tokens);
// Whether attendFused() takes so many tokens.
bool canFuseAttention(std::int64_t tokens);

// The stages, as backend.h has them, but: projectFused() leaves keys and values in the cache alone,
// and attendFused() expects them there where it could; where canFuseOutput(), `attended` stands in
// the planes, and addAttendedFused() reads it there.
//
// Requires: the predicate of the same name; the stages of a layer one after the other.
// Errors:   throws CudaError. Order: asynchronous on the sequence's stream.
void projectFused(const AttentionPass& step);
void attendFused(const AttentionPass& step);
void addAttendedFused(const AttentionPass& step);

}  // namespace apertura::cuda
