// A linear layer on the device for the few rows of decoding, whatever its blocks are made of.
#pragma once

#include "inference/backend/cuda/sequence_buffers.h"
#include "kernels/cuda/adapter_rows.h"
#include "kernels/cuda/device/stream.h"
#include "kernels/linear.h"
#include "kernels/matrix.h"

namespace apertura::cuda {

// y = W x + B (A x).
//
// Shapes:   x [T, I], y [T, O] fp32, in device memory; 1 <= T <= kMaxDecodeRows; y must not be x.
// Requires: buffers made for at least these sizes.
// Errors:   throws CudaError. Order: asynchronous on `stream`.
void runLinear(const kernels::Linear& weight, kernels::Matrix<const float> x,
               kernels::Matrix<float> y, const SequenceBuffers& buffers,
               kernels::cuda::Stream& stream);

// The matrix of a linear that kernels which fuse it with its neighbours take: the only block,
// quantized in groups that planes serve, with an adapter of 16 bits or none. Null otherwise.
const kernels::QuantizedMatrix* fusableMatrix(const kernels::Linear& weight);

// The A rows of the adapter of `weight` for `tokens` rows, low in the buffers; none where it has
// no adapter.
kernels::cuda::AdapterRows adapterRows(const kernels::Linear& weight, std::int64_t tokens,
                                       const SequenceBuffers& buffers);

}  // namespace apertura::cuda
