#include "tests/gpu/traffic_statistics.h"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>

#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

// "xyzKernel" of a mangled name: the letters before and with the last "Kernel" that ends a name.
std::string sourceName(const std::string& mangled) {
    const std::size_t end = mangled.find("Kernel");
    if (end == std::string::npos) {
        return mangled;
    }
    std::size_t begin = end;
    while (begin > 0 && std::isalpha(static_cast<unsigned char>(mangled[begin - 1])) != 0) {
        --begin;
    }
    return mangled.substr(begin, end - begin) + "Kernel";
}

}  // namespace

KernelTraffic& KernelTraffic::operator+=(const KernelTraffic& other) {
    launches += other.launches;
    threadInstructions += other.threadInstructions;
    loadBytes += other.loadBytes;
    loadSectors += other.loadSectors;
    return *this;
}

KernelTraffic& KernelTraffic::operator-=(const KernelTraffic& other) {
    launches -= other.launches;
    threadInstructions -= other.threadInstructions;
    loadBytes -= other.loadBytes;
    loadSectors -= other.loadSectors;
    return *this;
}

double KernelTraffic::sectorEfficiency() const {
    return loadSectors == 0
               ? 1.0
               : static_cast<double>(loadBytes) / (32.0 * static_cast<double>(loadSectors));
}

Traffic readTraffic(const std::filesystem::path& statistics) {
    Traffic traffic;
    const auto root = nlohmann::json::parse(readFile(statistics));
    for (const auto& kernel : root["kernels"]) {
        traffic[sourceName(kernel["name"].get<std::string>())] +=
            {kernel["launches"].get<std::int64_t>(),
             kernel["thread_instructions"].get<std::int64_t>(),
             kernel["load_bytes_unique"].get<std::int64_t>(),
             kernel["load_sectors"].get<std::int64_t>()};
    }
    return traffic;
}

Traffic difference(const Traffic& more, const Traffic& less) {
    Traffic result;
    for (const auto& [name, kernel] : more) {
        KernelTraffic left = kernel;
        if (const auto found = less.find(name); found != less.end()) {
            left -= found->second;
        }
        if (left.launches > 0) {
            result[name] = left;
        }
    }
    return result;
}

KernelTraffic total(const Traffic& traffic) {
    KernelTraffic sum;
    for (const auto& [name, kernel] : traffic) {
        sum += kernel;
    }
    return sum;
}

}  // namespace apertura::test
