// What kernels read and execute, as the virtual GPU counts it (VGPU_STATS).
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace apertura::test {

// Of one kernel, over its launches. Bytes of a load are those of distinct addresses in a warp.
struct KernelTraffic {
    std::int64_t launches = 0;
    std::int64_t threadInstructions = 0;
    std::int64_t loadBytes = 0;
    std::int64_t loadSectors = 0;  // of 32 bytes

    KernelTraffic& operator+=(const KernelTraffic& other);
    KernelTraffic& operator-=(const KernelTraffic& other);
    // Share of the sectors' bytes that were asked for; 1 where nothing was loaded.
    double sectorEfficiency() const;
};

// By the kernel's name in the source, its template instances together.
using Traffic = std::map<std::string, KernelTraffic>;

// Requires: a file that the virtual GPU has written.
Traffic readTraffic(const std::filesystem::path& statistics);

// What `more` has beyond `less`; kernels without a further launch left out.
Traffic difference(const Traffic& more, const Traffic& less);

KernelTraffic total(const Traffic& traffic);

}  // namespace apertura::test
