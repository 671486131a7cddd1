// JSON files of a checkpoint, read so that every failure is one sentence naming file and field.
#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "inference/status.h"

namespace apertura {

// Keeps the order of the keys, which matters for GPTQ's `dynamic` rules.
using Json = nlohmann::ordered_json;

// Objects that keep their order are searched key by key, so their files are kept small.
inline constexpr std::int64_t kConfigFileBytes = 256 * 1024;

// A name or value out of a file, fit for a sentence: cut after 120 bytes, control characters as
// '?'.
std::string shown(const std::string& text);
// The same between quotation marks.
std::string quoted(const std::string& text);

// The sentence every error of this folder has: "FILE: SENTENCE".
Error fileError(ErrorCode code, const std::string& file, const std::string& sentence);

// Whether something of this name is there, if only a link that leads nowhere.
bool isThere(const std::filesystem::path& path);

// The text of a file. `label` is what sentences call it.
// Errors: fileMissing (not there, not a regular file, unreadable), fileCorrupt (larger than
// `maximumBytes`).
Result<std::string> readTextFile(const std::filesystem::path& file, const std::string& label,
                                 std::int64_t maximumBytes);

// Parses a JSON object. `JsonType` is Json or nlohmann::json (sorted keys, for files with many of
// them). Errors: fileCorrupt: no JSON, not an object, nested deeper than 64 levels, a key twice in
// one object.
template <typename JsonType>
Result<JsonType> parseJsonObject(const std::string& text, const std::string& label);

// Reads the fields of one object. The first fault is kept and later reads return their defaults, so
// a caller reads everything and asks once. A null field counts as absent.
class FieldReader {
public:
    // `where` begins sentences ("config.json"), `path` comes before field names
    // ("quantization_config.").
    FieldReader(const Json& object, std::string where, std::string path = {});

    bool has(const char* name) const;
    // Whole numbers and finite numbers in [least, most]; without a fallback the field must be
    // there.
    std::int64_t integer(const char* name, std::int64_t least, std::int64_t most,
                         std::optional<std::int64_t> fallback = {});
    double number(const char* name, double least, double most, std::optional<double> fallback = {});
    bool boolean(const char* name, bool fallback);
    std::string text(const char* name, const std::string& fallback);
    // One whole number or an array of them, each in [0, most].
    std::vector<std::int32_t> tokenIds(const char* name, std::int64_t most);

    // Keeps this fault unless there is one already: "WHERE: PATH FIELD SENTENCE".
    void refuse(ErrorCode code, const char* name, const std::string& sentence);
    const std::optional<Error>& error() const { return m_error; }

private:
    std::int64_t checkedInteger(const Json& value, const char* name, std::int64_t least,
                                std::int64_t most);

    const Json& m_object;
    std::string m_where;
    std::string m_path;
    std::optional<Error> m_error;
};

}  // namespace apertura
