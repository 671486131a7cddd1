#include "tests/support/goldens.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "kernels/check.h"

namespace apertura::test {

namespace fs = std::filesystem;

std::vector<fs::path> goldenRoots() {
    std::vector<fs::path> candidates = {fs::path(APERTURA_SOURCE_DIR) / "tests/data"};
    if (const char* named = std::getenv("APERTURA_GOLDENS")) {
        std::istringstream list(named);
        for (std::string folder; std::getline(list, folder, ':');) {
            candidates.emplace_back(folder);
        }
    }
    candidates.push_back(fs::path(APERTURA_SOURCE_DIR) / "../shared");
    std::vector<fs::path> roots;
    for (const fs::path& candidate : candidates) {
        std::error_code ignored;
        const fs::path canonical = fs::canonical(candidate, ignored);
        if (!canonical.empty() && std::find(roots.begin(), roots.end(), canonical) == roots.end()) {
            roots.push_back(canonical);
        }
    }
    return roots;
}

std::vector<fs::path> findGoldens(const fs::path& relative) {
    std::vector<fs::path> found;
    for (const fs::path& root : goldenRoots()) {
        if (fs::exists(root / relative)) {
            found.push_back(root / relative);
        }
    }
    return found;
}

std::string readFile(const fs::path& file) {
    std::ifstream stream(file, std::ios::binary);
    CHECK(stream.good());
    return {std::istreambuf_iterator<char>(stream), {}};
}

std::vector<std::string> readLines(const fs::path& file) {
    std::istringstream stream(readFile(file));
    std::vector<std::string> lines;
    for (std::string line; std::getline(stream, line, '\n');) {
        if (!line.empty()) {
            lines.push_back(line);
        }
    }
    return lines;
}

}  // namespace apertura::test
