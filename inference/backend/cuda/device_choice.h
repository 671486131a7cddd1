// Which GPU computes, and what it and its driver say of themselves.
#pragma once

#include <cstdint>
#include <string>

#include "inference/status.h"

namespace apertura::cuda {

struct Device {
    int index = 0;
    std::string name;
    std::string pciBusId;
    int major = 0;  // compute capability
    int minor = 0;
    std::int64_t memoryBytes = 0;
    int driverVersion = 0;  // as the driver numbers the CUDA version it supports, 13000 for 13.0
    int runtimeVersion = 0;

    // For a person: "NVIDIA GeForce RTX 4090, 24.0 GB".
    std::string description() const;
};

// Of the devices from compute capability 7.5 on, the one with the most memory.
// Errors: unsupported, where there is none or the driver is missing or too old.
Result<Device> chooseDevice();

}  // namespace apertura::cuda
