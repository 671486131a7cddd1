// What the operating system says about the machine and this process.
#pragma once

#include <cstdint>
#include <string>

namespace apertura {

// Bytes of this process that lie in RAM; 0 where the system does not say.
std::int64_t residentBytes();
// Bytes of RAM that could be had without swapping; 0 where the system does not say.
std::int64_t availableBytes();
// The processor's name as the system spells it, or "CPU".
std::string processorName();

}  // namespace apertura
