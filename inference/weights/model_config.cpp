#include "inference/weights/model_config.h"

#include <algorithm>

#include "inference/weights/json_fields.h"

namespace apertura {

namespace {

const char* const kConfigFile = "config.json";

// Far above any Apertus, far below what would overflow a product of two of them.
constexpr std::int64_t kMostLayers = 1024;
constexpr std::int64_t kMostWidth = 1 << 20;
constexpr std::int64_t kMostHeads = 4096;
constexpr std::int64_t kMostVocabulary = 1 << 24;
constexpr std::int64_t kMostPositions = 1 << 28;
constexpr double kMostTheta = 1e15;

void readLlama3(FieldReader& fields, const ModelConfig& config, RopeConfig& rope) {
    rope.type = RopeConfig::Type::llama3;
    rope.factor = fields.number("factor", 1.0, 1e6);
    rope.lowFreqFactor = fields.number("low_freq_factor", 1e-6, 1e6);
    rope.highFreqFactor = fields.number("high_freq_factor", 1e-6, 1e6);
    rope.originalMaxPositionEmbeddings = fields.integer(
        "original_max_position_embeddings", 1, kMostPositions, config.maxPositionEmbeddings);
    if (rope.highFreqFactor <= rope.lowFreqFactor) {
        fields.refuse(ErrorCode::fileCorrupt, "high_freq_factor", "is not above low_freq_factor.");
    }
}

std::optional<Error> readRopeObject(const Json& root, const char* key, const std::string& path,
                                    ModelConfig& config) {
    FieldReader top(root, kConfigFile, path);
    if (!root[key].is_object()) {
        top.refuse(ErrorCode::fileCorrupt, key, "is not an object.");
        return top.error();
    }
    FieldReader fields(root[key], kConfigFile, path + key + ".");
    const double fallback = top.number("rope_theta", 1.0, kMostTheta, config.rope.theta);
    config.rope.theta = fields.number("rope_theta", 1.0, kMostTheta, fallback);
    const std::string type = fields.text("rope_type", fields.text("type", "default"));
    if (type == "llama3") {
        readLlama3(fields, config, config.rope);
    } else if (type != "default") {
        fields.refuse(ErrorCode::unsupported, "rope_type",
                      "is " + quoted(type) + "; supported are \"default\" and \"llama3\".");
    }
    return top.error() ? top.error() : fields.error();
}

// As transformers 5.23 reads the two spellings: `rope_scaling` goes before `rope_parameters`. It
// also turns a config with `rope_theta` alone into llama3 with theta 12e6, which would misread a
// v1.1 mini: the theta given is taken instead, unscaled.
std::optional<Error> readRope(const Json& root, const std::string& path, ModelConfig& config) {
    FieldReader fields(root, kConfigFile, path);
    for (const char* key : {"rope_scaling", "rope_parameters"}) {
        if (fields.has(key)) {
            return readRopeObject(root, key, path, config);
        }
    }
    if (fields.has("rope_theta")) {
        config.rope.theta = fields.number("rope_theta", 1.0, kMostTheta);
        config.warnings.push_back(
            std::string(kConfigFile) + ": " + path +
            "rope_theta stands without rope_scaling or rope_parameters, so RoPE is "
            "taken as unscaled.");
        return fields.error();
    }
    config.rope = {RopeConfig::Type::llama3, 12'000'000.0, 8.0, 1.0, 4.0, 8192};
    config.warnings.push_back(
        std::string(kConfigFile) + ": " + path +
        "rope_parameters is missing, so RoPE is taken as in Apertus v1 (llama3, theta "
        "12000000, factor 8).");
    return std::nullopt;
}

void readSizes(FieldReader& fields, ModelConfig& config) {
    config.hiddenSize = fields.integer("hidden_size", 1, kMostWidth);
    config.intermediateSize = fields.integer("intermediate_size", 1, kMostWidth);
    config.numHiddenLayers = fields.integer("num_hidden_layers", 1, kMostLayers);
    config.numAttentionHeads = fields.integer("num_attention_heads", 1, kMostHeads);
    config.numKeyValueHeads =
        fields.integer("num_key_value_heads", 1, kMostHeads, config.numAttentionHeads);
    config.vocabSize = fields.integer("vocab_size", 1, kMostVocabulary);
    config.outputVocabSize =
        fields.integer("output_vocab_size", 1, kMostVocabulary, config.vocabSize);
    config.maxPositionEmbeddings = fields.integer("max_position_embeddings", 1, kMostPositions);
    config.rmsNormEps = fields.number("rms_norm_eps", 0.0, 1.0, 1e-5);
    if (fields.error()) {
        return;
    }
    config.headDim =
        fields.integer("head_dim", 1, kMostWidth,
                       std::max<std::int64_t>(config.hiddenSize / config.numAttentionHeads, 1));
    if (config.numAttentionHeads % config.numKeyValueHeads != 0) {
        fields.refuse(ErrorCode::fileCorrupt, "num_key_value_heads",
                      "is " + std::to_string(config.numKeyValueHeads) +
                          ", which does not divide the " +
                          std::to_string(config.numAttentionHeads) + " of num_attention_heads.");
    }
    if (config.headDim % 2 != 0) {
        fields.refuse(ErrorCode::fileCorrupt, "head_dim",
                      "is " + std::to_string(config.headDim) + ", but RoPE needs an even number.");
    }
    if (config.outputVocabSize > config.vocabSize) {
        fields.refuse(ErrorCode::fileCorrupt, "output_vocab_size", "is above vocab_size.");
    }
}

// Options that Apertus' code has and no released checkpoint uses.
void refuseOtherArchitectures(FieldReader& fields, const Json& root) {
    const std::string activation = fields.text("hidden_act", "xielu");
    if (activation != "xielu") {
        fields.refuse(ErrorCode::unsupported, "hidden_act",
                      "is " + quoted(activation) + "; supported is \"xielu\".");
    }
    for (const char* name : {"attention_bias", "mlp_bias", "post_norm"}) {
        if (fields.boolean(name, false)) {
            fields.refuse(ErrorCode::unsupported, name, "is true; supported is false.");
        }
    }
    if (!fields.boolean("qk_norm", true)) {
        fields.refuse(ErrorCode::unsupported, "qk_norm", "is false; supported is true.");
    }
    if (fields.has("layer_types")) {
        const Json& types = root["layer_types"];
        const bool allFull =
            types.is_array() && std::all_of(types.begin(), types.end(),
                                            [](const Json& t) { return t == "full_attention"; });
        if (!allFull) {
            fields.refuse(ErrorCode::unsupported, "layer_types",
                          "names something else than \"full_attention\".");
        }
    }
}

void readTokens(FieldReader& fields, ModelConfig& config) {
    if (fields.has("eos_token_id")) {
        config.eosTokenIds = fields.tokenIds("eos_token_id", config.vocabSize - 1);
    }
    if (fields.has("bos_token_id")) {
        config.bosTokenId =
            static_cast<TokenId>(fields.integer("bos_token_id", 0, config.vocabSize - 1));
    }
    config.tieWordEmbeddings = fields.boolean("tie_word_embeddings", config.tieWordEmbeddings);
}

Result<std::string> supportedModelType(FieldReader& fields) {
    const std::string type = fields.text("model_type", "");
    if (type == "apertus" || type == "apertus1p5") {
        return type;
    }
    if (type == "apertus1p5_text") {
        return std::string("apertus1p5");
    }
    fields.refuse(ErrorCode::unsupported, "model_type",
                  (type.empty() ? std::string("is missing") : "is " + quoted(type)) +
                      "; supported are \"apertus\" and the text half of \"apertus1p5\".");
    return *fields.error();
}

}  // namespace

Result<ModelConfig> parseModelConfig(const std::string& json) {
    const auto parsed = parseJsonObject<Json>(json, kConfigFile);
    if (!parsed) {
        return parsed.error();
    }
    const Json& root = *parsed;
    FieldReader top(root, kConfigFile);
    const auto type = supportedModelType(top);
    if (!type) {
        return type.error();
    }
    const bool nested = top.has("text_config");
    if (nested && !root["text_config"].is_object()) {
        return fileError(ErrorCode::fileCorrupt, kConfigFile, "text_config is not an object.");
    }
    const Json& text = nested ? root["text_config"] : root;
    const std::string path = nested ? "text_config." : "";
    FieldReader fields(text, kConfigFile, path);

    ModelConfig config;
    config.modelType = *type;
    readSizes(fields, config);
    refuseOtherArchitectures(fields, text);
    readTokens(fields, config);
    if (fields.error()) {
        return *fields.error();
    }
    if (nested) {
        readTokens(top, config);
        if (top.error()) {
            return *top.error();
        }
    }
    if (const auto fault = readRope(text, path, config)) {
        return *fault;
    }
    return config;
}

Result<ModelConfig> readModelConfig(const std::filesystem::path& directory) {
    const auto text = readTextFile(directory / kConfigFile, kConfigFile, kConfigFileBytes);
    if (!text) {
        return text.error();
    }
    return parseModelConfig(*text);
}

}  // namespace apertura
