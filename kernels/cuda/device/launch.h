// The one way in which a kernel starts: shape checked, refusal thrown.
#pragma once

#include "kernels/cuda/device/stream.h"

namespace apertura::kernels::cuda {

struct LaunchShape {
    dim3 grid;
    dim3 block;
    std::size_t sharedBytes = 0;  // dynamic shared memory
};

// Errors: throws CudaError where the launch is refused; a fault while running is thrown by
// Stream::synchronize().
template <typename... Parameters, typename... Arguments>
void launch(void (*kernel)(Parameters...), const LaunchShape& shape, Stream& stream,
            Arguments... arguments) {
    constexpr std::size_t kSharedWithoutAsking = 48 * 1024;
    if (shape.sharedBytes > kSharedWithoutAsking) {
        check(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel),
                                   cudaFuncAttributeMaxDynamicSharedMemorySize,
                                   static_cast<int>(shape.sharedBytes)),
              "cudaFuncSetAttribute");
    }
    kernel<<<shape.grid, shape.block, shape.sharedBytes, stream.handle()>>>(
        static_cast<Parameters>(arguments)...);
    check(cudaGetLastError(), "kernel launch");
}

}  // namespace apertura::kernels::cuda
