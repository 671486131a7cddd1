// Amounts of memory as a person reads them.
#pragma once

#include <cstdint>
#include <string>

namespace apertura::cuda {

// "5.9 GB" or, below a gigabyte, "312 MB"; powers of 1024, rounded up so that "needs" never lies.
inline std::string byteText(std::int64_t bytes) {
    constexpr std::int64_t kMegabyte = std::int64_t{1} << 20;
    constexpr std::int64_t kGigabyte = std::int64_t{1} << 30;
    if (bytes < kGigabyte) {
        return std::to_string((bytes + kMegabyte - 1) / kMegabyte) + " MB";
    }
    const std::int64_t tenths = (10 * bytes + kGigabyte - 1) / kGigabyte;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GB";
}

}  // namespace apertura::cuda
