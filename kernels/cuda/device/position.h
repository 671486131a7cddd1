// Reading a Position inside a kernel.
#pragma once

#include "kernels/cuda/position.h"

namespace apertura::kernels::cuda {

__device__ inline int positionOf(const Position& position) {
    return position.inMemory != nullptr ? *position.inMemory : static_cast<int>(position.value);
}

}  // namespace apertura::kernels::cuda
