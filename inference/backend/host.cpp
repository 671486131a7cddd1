#include "inference/backend/host.h"

#include <fstream>
#include <limits>
#include <unistd.h>

namespace apertura {

std::int64_t residentBytes() {
    std::ifstream file("/proc/self/statm");
    std::int64_t total = 0;
    std::int64_t resident = 0;
    if (!(file >> total >> resident)) {
        return 0;
    }
    return resident * sysconf(_SC_PAGESIZE);
}

std::int64_t availableBytes() {
    std::ifstream file("/proc/meminfo");
    for (std::string key; file >> key;) {
        std::int64_t kibibytes = 0;
        file >> kibibytes;
        if (key == "MemAvailable:") {
            return kibibytes * 1024;
        }
        file.clear();
        file.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
    }
    return 0;
}

std::string processorName() {
    std::ifstream file("/proc/cpuinfo");
    for (std::string line; std::getline(file, line);) {
        const std::size_t colon = line.find(": ");
        if (line.starts_with("model name") && colon != std::string::npos) {
            return line.substr(colon + 2);
        }
    }
    return "CPU";
}

}  // namespace apertura
