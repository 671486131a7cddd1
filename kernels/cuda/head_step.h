// What becomes of the numbers of a head after the product: QK-norm, RoPE, and where they go.
#pragma once

#include "kernels/cuda/kv_cache.h"
#include "kernels/cuda/position.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

// Keys and values go straight into the cache, at positions firstPosition .. firstPosition + T - 1,
// queries to `query`. All in device memory.
struct HeadStep {
    const float* queryNorm = nullptr;  // [D]
    const float* keyNorm = nullptr;    // [D]
    float eps = 0.0F;                  // of these and of the norm before the product
    Matrix<const float> cosines;       // [positions, D/2]
    Matrix<const float> sines;         // [positions, D/2]
    Position firstPosition = 0;
    Matrix<float> query;  // [T, Q D]
    KvCacheView cache;
};

}  // namespace apertura::kernels::cuda
