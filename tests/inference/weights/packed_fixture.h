// What the tests of the packed cache share: loading through it, and comparing weights byte by byte.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "inference/weights/checkpoint.h"
#include "kernels/linear.h"
#include "tests/support/cases.h"

namespace apertura::test {

using Loaded = Result<std::shared_ptr<const ModelWeights>>;

// With `cache` empty: without a cache.
Loaded load(const std::filesystem::path& model, const std::filesystem::path& cache,
            std::uint64_t maximumBytes = PackedCacheOptions().maximumBytes,
            const AdapterChoice& adapter = {});

bool expectUse(const Loaded& loaded, PackedCacheUse expected, const std::string& what,
               Findings& findings);

// Shapes, types and hashes of all numbers.
std::vector<std::uint64_t> describe(const kernels::Linear& linear);
void expectSame(const ModelWeights& actual, const ModelWeights& expected, Findings& findings);

// A quantized checkpoint that is always at hand.
std::filesystem::path smallModel();
// The model's own files, which may be written to.
void copyModel(const std::filesystem::path& from, const std::filesystem::path& to);

// Sorted; none where there is no folder.
std::vector<std::filesystem::path> filesIn(const std::filesystem::path& folder);
// The one file in a folder that holds nothing else.
std::filesystem::path onlyFile(const std::filesystem::path& folder, Findings& findings);

}  // namespace apertura::test
