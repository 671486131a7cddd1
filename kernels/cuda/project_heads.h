// The first launch of a fused decode layer: RMSNorm, quantizing of the normed rows, the products
// with the query, key and value matrices, QK-norm, RoPE, and keys and values into the cache. Where
// matrices have adapters a second launch ends their part.
#pragma once

#include "kernels/cuda/adapter_rows.h"
#include "kernels/cuda/device/stream.h"
#include "kernels/cuda/head_step.h"
#include "kernels/matrix.h"
#include "kernels/quantized_matrix.h"

namespace apertura::kernels::cuda {

// One of the three matrices. With an adapter (R > 0), `raw` is memory for W x between the launches,
// which for queries may be step.query, and `b` the adapter's second half.
struct HeadMatrix {
    QuantizedMatrix weight;  // [Q D or K D, H]
    AdapterRows adapter;
    DenseMatrix b;      // [Q D or K D, R]
    Matrix<float> raw;  // [T, Q D or K D]
};

struct HeadMatrices {
    HeadMatrix query, key, value;
};

// What is read: RMSNorm(hidden) = norm * hidden / sqrt(mean(hidden^2) + eps).
struct HeadInput {
    Matrix<const float> hidden;   // [T, H]
    const float* norm = nullptr;  // [H]
};

// Whether projectHeads() takes a matrix for so many tokens: D a multiple of 16 up to 256, and
// planes of the tokens in the shared memory of every device.
bool fitsProjectHeads(const QuantizedMatrix& weight, std::int64_t headDim, std::int64_t tokens);

// step.query, and the cache at the step's positions, of the normed rows.
//
// Shapes:   step.query [T, Q D]; K and D are the cache's; 1 <= T <= kMaxDecodeRows.
// Requires: fitsProjectHeads() of all matrices; all in device memory, 16-byte aligned; positions
//           inside the cache and the tables; what is written overlaps no input.
// Errors:   throws CudaError if a launch is refused.
// Order:    asynchronous on `stream`; one launch for matrices that agree in bits and kind of zeros,
//           and one for all adapters.
// Traffic:  the weights once (D a multiple of 32), hidden and its norm twice for every head.
// Rounding: as rmsNorm, quantizeActivations, quantizedMatmul, denseMatmul, rmsNorm, rope and
//           appendKv one after the other, sums in an order of their own.
void projectHeads(const HeadMatrices& matrices, const HeadInput& input, const HeadStep& step,
                  Stream& stream);

}  // namespace apertura::kernels::cuda
