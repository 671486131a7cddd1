// Ops that treat every element of a matrix alike: one thread each.
#pragma once

#include <cstdint>

#include "kernels/cuda/device/launch.h"

namespace apertura::kernels::cuda {

inline constexpr int kElementsPerBlock = 256;

// blockIdx.y is the row.
template <typename Operation>
__global__ void elementKernel(Operation operation, std::int64_t columns) {
    const std::int64_t column =
        static_cast<std::int64_t>(blockIdx.x) * kElementsPerBlock + threadIdx.x;
    if (column < columns) {
        operation(static_cast<std::int64_t>(blockIdx.y), column);
    }
}

// Calls operation(row, column) on the device for every element. Requires: rows <= 65535, the
// largest grid in y.
template <typename Operation>
void forEachElement(const Operation& operation, std::int64_t rows, std::int64_t columns,
                    Stream& stream) {
    const dim3 grid(static_cast<unsigned>((columns + kElementsPerBlock - 1) / kElementsPerBlock),
                    static_cast<unsigned>(rows));
    launch(elementKernel<Operation>, {grid, dim3(kElementsPerBlock)}, stream, operation, columns);
}

}  // namespace apertura::kernels::cuda
