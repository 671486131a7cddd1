// Reads expected.safetensors of a golden model, by a reader of its own: what it finds is trusted.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace apertura::test {

struct ExpectedTensor {
    std::vector<std::int64_t> shape;
    std::vector<float> floats;           // of an F32 tensor
    std::vector<std::int64_t> integers;  // of an I64 tensor
};

// Aborts if the file is not as the goldens are.
std::map<std::string, ExpectedTensor> readExpectedTensors(const std::filesystem::path& file);

// The model folders below models/{micro,demo,odd} of every golden root that have an
// expected.safetensors.
std::vector<std::filesystem::path> goldenModels();

}  // namespace apertura::test
