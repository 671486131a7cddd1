// Causal attention of a chunk of prompt tokens over the KV cache, tile by tile.
#pragma once

#include "kernels/cuda/kv_cache.h"

namespace apertura::kernels::cuda {

// attended[t, h] = sum over s of softmax(query[t, h] . key[s, h'] / sqrt(D)) value[s, h'], for s <=
// firstPosition + t, with h' the KV head of query head h. No matrix of scores is ever stored.
//
// Shapes:   query and attended [T, Q D] fp32; T >= 1; D a multiple of 8, at most 256; Q a multiple
//           of K.
// Requires: all in device memory; positions up to firstPosition + T - 1 in the cache.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: fp32, positions in ascending order (online softmax): bit-identical from run to run.
void attendPrefill(const KvCacheView& cache, Matrix<const float> query, Position firstPosition,
                   Matrix<float> attended, Stream& stream);

}  // namespace apertura::kernels::cuda
