#include "tests/support/expected_tensors.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "kernels/check.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace fs = std::filesystem;

std::map<std::string, ExpectedTensor> readExpectedTensors(const fs::path& file) {
    const std::string bytes = readFile(file);
    std::uint64_t headerBytes = 0;
    CHECK(bytes.size() > sizeof(headerBytes));
    std::memcpy(&headerBytes, bytes.data(), sizeof(headerBytes));
    const char* const data = bytes.data() + sizeof(headerBytes) + headerBytes;
    const auto header = nlohmann::json::parse(
        bytes.begin() + sizeof(headerBytes),
        bytes.begin() + static_cast<std::ptrdiff_t>(sizeof(headerBytes) + headerBytes));
    std::map<std::string, ExpectedTensor> tensors;
    for (const auto& [name, entry] : header.items()) {
        if (name == "__metadata__") {
            continue;
        }
        ExpectedTensor& tensor = tensors[name];
        tensor.shape = entry["shape"].get<std::vector<std::int64_t>>();
        const auto begin = entry["data_offsets"][0].get<std::size_t>();
        const auto end = entry["data_offsets"][1].get<std::size_t>();
        if (entry["dtype"] == "F32") {
            tensor.floats.resize((end - begin) / sizeof(float));
            std::memcpy(tensor.floats.data(), data + begin, end - begin);
        } else {
            CHECK(entry["dtype"] == "I64");
            tensor.integers.resize((end - begin) / sizeof(std::int64_t));
            std::memcpy(tensor.integers.data(), data + begin, end - begin);
        }
    }
    return tensors;
}

std::vector<fs::path> goldenModels() {
    std::vector<fs::path> models;
    for (const char* group : {"models/micro", "models/demo", "models/odd"}) {
        for (const fs::path& folder : findGoldens(group)) {
            std::vector<fs::path> here;
            for (const auto& entry : fs::directory_iterator(folder)) {
                if (fs::exists(entry.path() / "expected.safetensors")) {
                    here.push_back(entry.path());
                }
            }
            std::sort(here.begin(), here.end());
            models.insert(models.end(), here.begin(), here.end());
        }
    }
    return models;
}

}  // namespace apertura::test
