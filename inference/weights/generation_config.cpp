#include "inference/sampling/sampling_parameters.h"
#include "inference/weights/json_fields.h"
#include "inference/weights/model_config.h"

namespace apertura {

namespace {

Result<SamplingOptions> recommendedSampling(const Json& root, const char* file) {
    // The names that transformers and the sampler share.
    Json given = Json::object();
    for (const char* name :
         {"temperature", "top_p", "top_k", "min_p", "typical_p", "repetition_penalty"}) {
        if (const auto value = root.find(name); value != root.end()) {
            given[name] = *value;
        }
    }
    auto sampling =
        parseSampling(given.dump(-1, ' ', true, Json::error_handler_t::replace), cardSampling());
    if (!sampling) {
        return fileError(ErrorCode::fileCorrupt, file, sampling.error().message);
    }
    return sampling;
}

}  // namespace

SamplingOptions cardSampling() {
    SamplingOptions card;
    card.temperature = 0.8;
    card.topP = 0.9;
    return card;
}

Result<GenerationConfig> readGenerationConfig(const std::filesystem::path& directory) {
    const char* const name = "generation_config.json";
    std::string text = "{}";
    if (isThere(directory / name)) {
        auto read = readTextFile(directory / name, name, kConfigFileBytes);
        if (!read) {
            return read.error();
        }
        text = std::move(read.value());
    }
    const auto root = parseJsonObject<Json>(text, name);
    if (!root) {
        return root.error();
    }
    auto sampling = recommendedSampling(*root, name);
    if (!sampling) {
        return sampling.error();
    }
    FieldReader fields(*root, name);
    GenerationConfig config;
    config.sampling = std::move(sampling.value());
    // With `do_sample` false transformers decodes greedily, whatever the sampling values beside it
    // are.
    if (!fields.boolean("do_sample", true)) {
        config.sampling.temperature = 0.0;
    }
    config.eosTokenIds = fields.tokenIds("eos_token_id", INT32_MAX);
    if (fields.error()) {
        return *fields.error();
    }
    return config;
}

}  // namespace apertura
