// The feedforward of a layer in two launches, and one more for each of its adapters.
#pragma once

#include "inference/backend/cuda/device_weights.h"
#include "inference/backend/cuda/sequence_buffers.h"
#include "kernels/cuda/device/stream.h"
#include "kernels/matrix.h"

namespace apertura::cuda {

// Whether addFusedFeedforward() takes the layer for so many tokens; the ops one by one take any.
bool canFuseFeedforward(const DeviceLayer& layer, std::int64_t tokens);

// hidden += down(xIELU(up(RMSNorm(hidden)))), `eps` being the norm's.
//
// Shapes:   hidden [T, H]; feedforward [T, F], overwritten.
// Requires: canFuseFeedforward(); buffers made for at least these sizes.
// Errors:   throws CudaError. Order: asynchronous on `stream`.
void addFusedFeedforward(const DeviceLayer& layer, float eps, kernels::Matrix<float> hidden,
                         kernels::Matrix<float> feedforward, const SequenceBuffers& buffers,
                         kernels::cuda::Stream& stream);

}  // namespace apertura::cuda
