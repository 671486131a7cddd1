#include "inference/text/tokenizer.h"

#include <optional>
#include <utility>

#include "inference/text/byte_level_tokenizer.h"
#include "inference/text/sentencepiece_tokenizer.h"
#include "inference/text/text_stream.h"
#include "inference/weights/json_fields.h"

namespace apertura {

namespace {

namespace fs = std::filesystem;

constexpr const char* kConfigFile = "tokenizer_config.json";

// In bytes; the largest known are 35 MB and 0.3 MB.
constexpr std::int64_t kLargestTokenizer = std::int64_t{256} << 20;
constexpr std::int64_t kLargestConfig = std::int64_t{8} << 20;

// Absent where there is no such file.
Result<std::optional<std::string>> readOptionalFile(const fs::path& directory, const char* name,
                                                    std::int64_t largest) {
    if (!isThere(directory / name)) {
        return std::optional<std::string>();
    }
    auto content = readTextFile(directory / name, name, largest);
    if (!content) {
        return content.error();
    }
    return std::optional(std::move(content.value()));
}

// tokenizer_config.json as far as it matters here.
struct TokenizerConfig {
    SpecialTexts texts;
    bool addBos = true;
};

// A member of an object; nothing where it is absent or null.
const nlohmann::json* memberOf(const nlohmann::json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || found->is_null() ? nullptr : &*found;
}

// A special token's spelling: a text, an object with `content`, or null.
Result<std::string> readSpelling(const nlohmann::json& config, const char* name) {
    const nlohmann::json* spelling = memberOf(config, name);
    if (spelling != nullptr && spelling->is_object()) {
        spelling = memberOf(*spelling, "content");
    }
    if (spelling == nullptr) {
        return std::string();
    }
    if (!spelling->is_string()) {
        return fileError(ErrorCode::fileCorrupt, kConfigFile,
                         std::string(name) + " is not a text.");
    }
    return spelling->get<std::string>();
}

Result<TokenizerConfig> readConfig(const fs::path& directory) {
    const Result<std::optional<std::string>> content =
        readOptionalFile(directory, kConfigFile, kLargestConfig);
    if (!content) {
        return content.error();
    }
    TokenizerConfig config;
    if (!*content) {
        return config;
    }
    const auto json = parseJsonObject<nlohmann::json>(**content, kConfigFile);
    if (!json) {
        return json.error();
    }
    Result<std::string> bos = readSpelling(*json, "bos_token");
    Result<std::string> eos = readSpelling(*json, "eos_token");
    if (!bos || !eos) {
        return bos ? eos.error() : bos.error();
    }
    config.texts = {std::move(bos.value()), std::move(eos.value())};
    const nlohmann::json* addBos = memberOf(*json, "add_bos_token");
    config.addBos = addBos == nullptr || *addBos != false;
    return config;
}

}  // namespace

Result<std::shared_ptr<const Tokenizer>> loadTokenizer(const fs::path& directory) {
    Result<TokenizerConfig> config = readConfig(directory);
    if (!config) {
        return config.error();
    }
    const Result<std::optional<std::string>> json =
        readOptionalFile(directory, "tokenizer.json", kLargestTokenizer);
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
        readOptionalFile(directory, "tokenizer.model", kLargestTokenizer);
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
