// How full the memory of the device that computes is: VRAM on a GPU, else RAM.
#pragma once

#include <cstdint>

namespace apertura {

// Zeros where nobody knows.
struct DeviceMemory {
    std::int64_t usedBytes = 0;  // on a GPU by all programs, in RAM by this one
    std::int64_t freeBytes = 0;
    std::int64_t ownBytes = 0;  // of the used ones, what the model and its sessions have taken
};

}  // namespace apertura
