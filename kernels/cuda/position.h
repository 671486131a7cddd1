// Where in a text the first token of a step stands, as kernels take it.
#pragma once

#include <cstdint>

namespace apertura::kernels::cuda {

// A number known to the host when it launches, or one that the kernel reads from device memory when
// it runs: a CUDA graph that was captured once can then be replayed at every position.
struct Position {
    std::int64_t value = 0;                  // used where inMemory is null
    const std::int32_t* inMemory = nullptr;  // one number in device memory

    Position(std::int64_t known) : value(known) {}
    explicit Position(const std::int32_t* device) : inMemory(device) {}

    bool isKnown() const { return inMemory == nullptr; }
};

}  // namespace apertura::kernels::cuda
