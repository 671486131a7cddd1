// Used and free memory of a GPU: from NVML where it is present (it sees all processes and needs no
// context), else from the CUDA runtime.
#pragma once

#include <memory>
#include <string>

#include "inference/backend/backend.h"

namespace apertura::cuda {

// Threads: read() from any thread.
class MemoryReadout {
public:
    MemoryReadout(int device, const std::string& pciBusId);
    ~MemoryReadout();
    MemoryReadout(const MemoryReadout&) = delete;
    MemoryReadout& operator=(const MemoryReadout&) = delete;

    // Zeros where nobody knows.
    DeviceMemory read() const;

private:
    struct Nvml;

    int m_device;
    std::unique_ptr<Nvml> m_nvml;  // null where NVML is not present
};

// What a plan may count on: what the CUDA runtime can still give out on a device, less a little
// that cuBLAS and the driver take for themselves. 0 where it fails.
std::int64_t plannableBytes(int device);

}  // namespace apertura::cuda
