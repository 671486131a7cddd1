// What the command line reads: files, standard input, token ids as text.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "app/cli/output.h"
#include "inference/options.h"
#include "inference/status.h"

namespace apertura::cli {

// Errors: fileMissing, naming the file.
Result<std::string> readTextFile(const std::filesystem::path& file);
std::string readStandardInput();

// Numbers separated by commas or white space. Nothing where anything else is in the text.
std::optional<std::vector<TokenId>> parseIds(const std::string& text);
// Errors: fileMissing, fileCorrupt, naming the file.
Result<std::vector<TokenId>> readIdsFile(const std::filesystem::path& file);
// A JSON array, as its text. Errors: fileMissing, fileCorrupt, naming the file.
Result<std::string> readJsonArrayFile(const std::filesystem::path& file);

// One request a line on standard input, one answer a line on standard output, in order. What
// `answer` fails with, and a line that is no JSON object, becomes {"error": .., "line": n}, the
// line only where the error has one.
void answerLines(const std::function<Result<Json>(const Json& request)>& answer);

// A member of a request; nothing where it is absent or null. Errors: invalidRequest, where it has
// another type.
Result<std::optional<std::string>> textMember(const Json& request, const char* name);
Result<bool> flagMember(const Json& request, const char* name, bool fallback);

}  // namespace apertura::cli
