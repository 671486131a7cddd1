// Where golden cases are: tests/data, the folders named in APERTURA_GOLDENS (colon-separated), and
// ../shared beside the repository, where they exist. Each holds models/, tokenizer/, templates/,
// samplers/.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace apertura::test {

// The roots that exist, tests/data first.
std::vector<std::filesystem::path> goldenRoots();

// `relative` below every root that has it.
std::vector<std::filesystem::path> findGoldens(const std::filesystem::path& relative);

// The lines of a JSONL file, split at '\n' only. Aborts if it cannot be read.
std::vector<std::string> readLines(const std::filesystem::path& file);
std::string readFile(const std::filesystem::path& file);

}  // namespace apertura::test
