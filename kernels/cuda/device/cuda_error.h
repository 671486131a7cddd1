// A device or its runtime failed. Thrown in kernels/cuda, caught once in the backend.
#pragma once

#include <stdexcept>
#include <string>

namespace apertura::kernels::cuda {

class CudaError : public std::runtime_error {
public:
    // `isOutOfMemory` tells a refused allocation, after which the device is still usable.
    CudaError(const std::string& message, bool isOutOfMemory)
        : std::runtime_error(message), m_isOutOfMemory(isOutOfMemory) {}
    bool isOutOfMemory() const { return m_isOutOfMemory; }

private:
    bool m_isOutOfMemory;
};

}  // namespace apertura::kernels::cuda
