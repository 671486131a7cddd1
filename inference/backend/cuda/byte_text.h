// Amounts of memory as a person reads them.
#pragma once

#include <cstdint>
#include <string>

namespace apertura::cuda {

// What is needed is rounded up and what is there is rounded down, so that the two can be compared.
enum class Rounding { up, down };

// "5.9 GB" or, below a gigabyte, "312 MB"; powers of 1024.
inline std::string byteText(std::int64_t bytes, Rounding rounding) {
    constexpr std::int64_t kMegabyte = std::int64_t{1} << 20;
    constexpr std::int64_t kGigabyte = std::int64_t{1} << 30;
    const auto divided = [rounding](std::int64_t number, std::int64_t unit) {
        return (rounding == Rounding::up ? number + unit - 1 : number) / unit;
    };
    if (bytes < kGigabyte) {
        return std::to_string(divided(bytes, kMegabyte)) + " MB";
    }
    const std::int64_t tenths = divided(10 * bytes, kGigabyte);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GB";
}

}  // namespace apertura::cuda
