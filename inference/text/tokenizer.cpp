#include "inference/text/tokenizer.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

#include "inference/text/byte_level_tokenizer.h"
#include "inference/text/sentencepiece_tokenizer.h"
#include "inference/text/text_stream.h"

namespace apertura {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

// In bytes; the largest known are 35 MB and 0.3 MB.
constexpr std::uintmax_t kLargestTokenizer = std::uintmax_t{256} << 20;
constexpr std::uintmax_t kLargestConfig = std::uintmax_t{8} << 20;

// Absent where there is no such file.
Result<std::optional<std::string>> readOptionalFile(const fs::path& file, std::uintmax_t largest) {
    const std::string name = file.filename().string();
    std::error_code error;
    const fs::file_status status = fs::status(file, error);
    if (status.type() == fs::file_type::not_found) {
        return std::optional<std::string>();
    }
    if (status.type() != fs::file_type::regular) {
        return Error{ErrorCode::fileMissing, name + ": cannot be read as a file."};
    }
    const std::uintmax_t size = fs::file_size(file, error);
    if (!error && size > largest) {
        return Error{ErrorCode::fileCorrupt, name + ": has " + std::to_string(size) +
                                                 " bytes, more than any tokenizer needs."};
    }
    std::ifstream stream(file, std::ios::binary);
    std::string content(error ? 0 : static_cast<std::size_t>(size), '\0');
    if (error || !stream.read(content.data(), static_cast<std::streamsize>(content.size()))) {
        return Error{ErrorCode::fileMissing, name + ": cannot be read."};
    }
    return std::optional(std::move(content));
}

// tokenizer_config.json as far as it matters here.
struct TokenizerConfig {
    SpecialTexts texts;
    bool addBos = true;
};

// A special token's spelling: a text, an object with `content`, or null.
Result<std::string> readSpelling(const Json& config, const char* name) {
    const Json entry = config.value(name, Json());
    const Json spelling = entry.is_object() ? entry.value("content", Json()) : entry;
    if (spelling.is_null()) {
        return std::string();
    }
    if (!spelling.is_string()) {
        return Error{ErrorCode::fileCorrupt,
                     std::string("tokenizer_config.json: ") + name + " is not a text."};
    }
    return spelling.get<std::string>();
}

Result<TokenizerConfig> readConfig(const fs::path& directory) {
    const Result<std::optional<std::string>> content =
        readOptionalFile(directory / "tokenizer_config.json", kLargestConfig);
    if (!content) {
        return content.error();
    }
    TokenizerConfig config;
    if (!*content) {
        return config;
    }
    const Json json = Json::parse(**content, nullptr, false);
    if (!json.is_object()) {
        return Error{ErrorCode::fileCorrupt, "tokenizer_config.json: is not a JSON object."};
    }
    Result<std::string> bos = readSpelling(json, "bos_token");
    Result<std::string> eos = readSpelling(json, "eos_token");
    if (!bos || !eos) {
        return bos ? eos.error() : bos.error();
    }
    config.texts = {std::move(bos.value()), std::move(eos.value())};
    const auto addBos = json.find("add_bos_token");
    config.addBos = addBos == json.end() || *addBos != false;
    return config;
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> loadTokenizer(const fs::path& directory) {
    Result<TokenizerConfig> config = readConfig(directory);
    if (!config) {
        return config.error();
    }
    const Result<std::optional<std::string>> json =
        readOptionalFile(directory / "tokenizer.json", kLargestTokenizer);
    if (!json) {
        return json.error();
    }
    if (*json) {
        auto tokenizer = ByteLevelTokenizer::read(**json, std::move(config->texts));
        if (!tokenizer) {
            return tokenizer.error();
        }
        return std::shared_ptr<const Tokenizer>(std::move(tokenizer.value()));
    }
    const Result<std::optional<std::string>> model =
        readOptionalFile(directory / "tokenizer.model", kLargestTokenizer);
    if (!model) {
        return model.error();
    }
    if (!*model) {
        return Error{ErrorCode::fileMissing,
                     "tokenizer.json: is missing, and so is tokenizer.model."};
    }
    return readSentencePieceTokenizer(
        **model, {std::move(config->texts.bos), std::move(config->texts.eos), config->addBos});
}

std::string decode(const Tokenizer& tokenizer, std::span<const TokenId> ids) {
    TextStream stream(tokenizer.leadingSpace());
    std::string text;
    for (const TokenId id : ids) {
        text += stream.push(tokenizer.bytes(id));
    }
    return text + stream.finish();
}

}  // namespace apertura
