#include "inference/weights/json_fields.h"
#include "inference/weights/model_config.h"

namespace apertura {

Result<GenerationConfig> readGenerationConfig(const std::filesystem::path& directory) {
    const char* const name = "generation_config.json";
    std::error_code ignored;
    const auto status = std::filesystem::symlink_status(directory / name, ignored);
    if (!std::filesystem::exists(status)) {
        return GenerationConfig{};
    }
    const auto text = readTextFile(directory / name, name, kConfigFileBytes);
    if (!text) {
        return text.error();
    }
    const auto root = parseJsonObject<Json>(*text, name);
    if (!root) {
        return root.error();
    }
    FieldReader fields(*root, name);
    GenerationConfig config;
    if (fields.has("temperature")) {
        config.temperature = fields.number("temperature", 0.0, 100.0);
    }
    if (fields.has("top_p")) {
        config.topP = fields.number("top_p", 0.0, 1.0);
    }
    if (fields.has("top_k")) {
        config.topK = fields.integer("top_k", 0, INT32_MAX);
    }
    if (fields.has("min_p")) {
        config.minP = fields.number("min_p", 0.0, 1.0);
    }
    if (fields.has("repetition_penalty")) {
        config.repetitionPenalty = fields.number("repetition_penalty", 1e-3, 100.0);
    }
    // With `do_sample` false transformers decodes greedily, whatever the sampling values beside it
    // are.
    if (!fields.boolean("do_sample", true)) {
        config.temperature = 0.0;
    }
    config.eosTokenIds = fields.tokenIds("eos_token_id", INT32_MAX);
    if (fields.error()) {
        return *fields.error();
    }
    return config;
}

}  // namespace apertura
