// The first half of a low-rank adapter, low = A x, as part of the launch that multiplies W: its
// blocks come first in the grid. The second half, y += B low, is the launch after it.
#pragma once

#include "kernels/linear.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

// Shapes: a [R, I] in BF16 or FP16, low [T, R] fp32; all in device memory, 16-byte aligned. R = 0
// where there is no adapter.
struct AdapterRows {
    DenseMatrix a;
    Matrix<float> low;
};

// Whether the kernels that have the halves of an adapter built in take this one.
inline bool isFusable(const LowRankAdapter& adapter) {
    return adapter.a.type != NumberType::fp32 && adapter.b.type == adapter.a.type;
}

}  // namespace apertura::kernels::cuda
