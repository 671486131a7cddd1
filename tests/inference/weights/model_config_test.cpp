#include "inference/weights/model_config.h"

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "inference/weights/quantization_config.h"
#include "tests/support/cases.h"
#include "tests/support/checkpoint_writer.h"

namespace apertura::test {

namespace {

using nlohmann::json;

// The 8B's config.json in the spelling of transformers 4.
json oldConfig() {
    return {{"model_type", "apertus"},
            {"hidden_act", "xielu"},
            {"hidden_size", 4096},
            {"intermediate_size", 21504},
            {"num_hidden_layers", 32},
            {"num_attention_heads", 32},
            {"num_key_value_heads", 8},
            {"vocab_size", 131072},
            {"max_position_embeddings", 65536},
            {"rms_norm_eps", 1e-5},
            {"rope_theta", 12e6},
            {"rope_scaling",
             {{"factor", 8.0},
              {"high_freq_factor", 4.0},
              {"low_freq_factor", 1.0},
              {"original_max_position_embeddings", 8192},
              {"rope_type", "llama3"},
              {"type", "llama3"}}},
            {"tie_word_embeddings", false},
            {"bos_token_id", 1},
            {"eos_token_id", 68},
            {"torch_dtype", "bfloat16"}};
}

ModelConfig parsed(const json& config, Findings& findings) {
    const auto result = parseModelConfig(config.dump());
    if (!result) {
        findings.fail(result.error().message);
        return {};
    }
    return *result;
}

void expectRefused(const json& config, const std::string& word, Findings& findings) {
    const auto result = parseModelConfig(config.dump());
    findings.verify(
        !result.ok() && result.error().message.find(word) != std::string::npos,
        (result.ok() ? "accepted" : result.error().message) + ", expected a refusal for " + word);
}

void theOldSpellingIsRead(Findings& findings) {
    const ModelConfig config = parsed(oldConfig(), findings);
    findings.equal(config.headDim, std::int64_t{128}, "head_dim, missing from the file");
    findings.equal(config.outputVocabSize, std::int64_t{131072},
                   "output_vocab_size, missing from the file");
    findings.equal(config.rope.theta, 12e6, "theta");
    findings.equal(config.rope.factor, 8.0, "factor");
    findings.equal(config.rope.originalMaxPositionEmbeddings, std::int64_t{8192},
                   "original length");
    findings.verify(config.rope.type == RopeConfig::Type::llama3, "RoPE is not llama3");
    findings.verify(config.eosTokenIds == std::vector<TokenId>{68} && config.bosTokenId == 1,
                    "token ids");
    findings.verify(config.warnings.empty(), "there are warnings");
}

void ropeScalingGoesBeforeRopeParameters(Findings& findings) {
    json config = oldConfig();
    config["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 5.0}};
    findings.equal(parsed(config, findings).rope.theta, 12e6, "theta with both");
    config["rope_scaling"] = nullptr;
    const ModelConfig newOne = parsed(config, findings);
    findings.equal(newOne.rope.theta, 5.0, "theta of rope_parameters");
    findings.verify(newOne.rope.type == RopeConfig::Type::standard, "RoPE is scaled");
}

void ropeThetaAloneIsUnscaledWithAWarning(Findings& findings) {
    json config = oldConfig();
    config.erase("rope_scaling");
    config["rope_theta"] = 500000.0;
    const ModelConfig mini = parsed(config, findings);
    findings.equal(mini.rope.theta, 500000.0, "theta");
    findings.verify(mini.rope.type == RopeConfig::Type::standard, "RoPE is scaled");
    findings.verify(
        mini.warnings.size() == 1 && mini.warnings[0].find("rope_theta") != std::string::npos,
        "no warning names rope_theta");
}

void anOriginalLengthMissingIsTheMaximum(Findings& findings) {
    json config = oldConfig();
    config["rope_scaling"].erase("original_max_position_embeddings");
    findings.equal(parsed(config, findings).rope.originalMaxPositionEmbeddings, std::int64_t{65536},
                   "original length");
    config["rope_scaling"].erase("low_freq_factor");
    expectRefused(config, "rope_scaling.low_freq_factor", findings);
}

void theTextHalfOfAnOmniConfigIsRead(Findings& findings) {
    json text = oldConfig();
    text["model_type"] = "apertus1p5_text";
    text["vocab_size"] = 266752;
    text["output_vocab_size"] = 131072;
    const json config = {
        {"model_type", "apertus1p5"}, {"text_config", text}, {"eos_token_id", {2, 68, 72}}};
    const ModelConfig omni = parsed(config, findings);
    findings.equal(omni.vocabSize, std::int64_t{266752}, "vocab_size");
    findings.equal(omni.outputVocabSize, std::int64_t{131072}, "output_vocab_size");
    findings.verify(omni.eosTokenIds == std::vector<TokenId>{2, 68, 72},
                    "the outer eos_token_id is not taken");
}

void otherArchitecturesAreRefusedByTheField(Findings& findings) {
    const std::vector<std::pair<const char*, json>> changes = {
        {"attention_bias", true},      {"mlp_bias", true},
        {"post_norm", true},           {"qk_norm", false},
        {"hidden_act", "gelu"},        {"layer_types", {"sliding_attention"}},
        {"model_type", "qwen3"},       {"max_position_embeddings", 0},
        {"rms_norm_eps", "small"},     {"eos_token_id", 131072},
        {"output_vocab_size", 200000}, {"head_dim", 127}};
    for (const auto& [field, value] : changes) {
        json config = oldConfig();
        config[field] = value;
        expectRefused(config, field, findings);
    }
}

// ---- quantize_config.json

Result<QuantizationConfig> quantization(const std::string& text) {
    const auto object = parseJsonObject<Json>(text, "quantize_config.json");
    CHECK(object.ok());
    return QuantizationConfig::parse(*object, "quantize_config.json", "");
}

int bitsOf(const QuantizationConfig& config, const std::string& module, Findings& findings) {
    const auto parameters = config.forModule(module);
    if (!parameters) {
        findings.fail(parameters.error().message);
        return -1;
    }
    return parameters->quantized ? parameters->bits : 0;
}

void rulesAreTriedAsGptqModelTriesThem(Findings& findings) {
    // A negative rule is tried before all others; then the order of the file decides, not that of
    // the alphabet; a match need not reach the end of the name, and an empty rule wins too.
    const auto config = quantization(R"({"bits": 4, "group_size": 128, "dynamic": {
        "model.layers.1": {}, ".*layers\\.1\\d?\\.": {"bits": 8}, "+:.*layers\\.2\\.": {"bits": 2},
        "layers\\.3": {"bits": 8}, "-:.*layers\\.2\\.mlp": {}}})");
    if (!config) {
        findings.fail(config.error().message);
        return;
    }
    findings.equal(bitsOf(*config, "model.layers.1.mlp.up_proj", findings), 4, "the empty rule");
    findings.equal(bitsOf(*config, "model.layers.12.mlp.up_proj", findings), 4, "the open end");
    findings.equal(bitsOf(*config, "model.layers.2.mlp.up_proj", findings), 0, "the negative rule");
    findings.equal(bitsOf(*config, "model.layers.2.self_attn.q_proj", findings), 2,
                   "the rule with a prefix");
    findings.equal(bitsOf(*config, "model.layers.3.mlp.up_proj", findings), 4,
                   "no match in the middle");
}

void olderSpellingsAreRead(Findings& findings) {
    const auto config = quantization(R"({"w_bit": 8, "q_group_size": 64, "zero_point": true})");
    if (!config) {
        findings.fail(config.error().message);
        return;
    }
    const auto parameters = config->forModule("model.layers.0.mlp.up_proj");
    findings.verify(parameters.ok() && parameters->bits == 8 && parameters->groupSize == 64 &&
                        !parameters->symmetric && config->zerosAreLessOne(),
                    "older names are not read");
}

// AutoAWQ's quant_config.json names no method.
void anUnnamedAwqConfigIsRefused(Findings& findings) {
    const auto config =
        quantization(R"({"w_bit": 4, "q_group_size": 128, "zero_point": true, "version": "GEMM"})");
    findings.verify(!config.ok() && config.error().message.find("version") != std::string::npos,
                    "AWQ is taken for GPTQ");
}

// ---- generation_config.json

void generationDefaultsAreRead(Findings& findings) {
    const TemporaryFolder folder;
    const auto none = readGenerationConfig(folder.path());
    findings.verify(none.ok() && none->sampling.temperature == 0.8 && none->sampling.topP == 0.9 &&
                        none->eosTokenIds.empty(),
                    "a missing file does not give the card's values");
    writeText(
        folder.path() / "generation_config.json",
        R"({"do_sample": true, "temperature": 0.7, "top_k": null, "typical_p": 0.95, "eos_token_id": [2, 68]})");
    const auto some = readGenerationConfig(folder.path());
    findings.verify(some.ok() && some->sampling.temperature == 0.7 && some->sampling.topP == 0.9 &&
                        some->sampling.topK == 0 && some->sampling.typicalP == 0.95 &&
                        some->eosTokenIds == std::vector<TokenId>{2, 68},
                    "values are not read");
    writeText(folder.path() / "generation_config.json",
              R"({"do_sample": false, "temperature": 0.7})");
    const auto greedy = readGenerationConfig(folder.path());
    findings.verify(greedy.ok() && greedy->sampling.temperature == 0.0, "do_sample is not heeded");
}

// What is outside the sampler's ranges would make every answer by the model's own values fail.
void wrongGenerationDefaultsAreRefused(Findings& findings) {
    const std::vector<std::pair<std::string, std::string>> wrong = {
        {"temperature", R"("hot")"},     {"temperature", "50"}, {"top_p", "0"},
        {"repetition_penalty", "11"},    {"typical_p", "0"},    {"top_k", "-5"},
        {"eos_token_id", R"(["</s>"])"}, {"do_sample", "1"}};
    for (const auto& [field, value] : wrong) {
        const TemporaryFolder folder;
        writeText(folder.path() / "generation_config.json", "{\"" + field + "\": " + value + "}");
        const auto read = readGenerationConfig(folder.path());
        if (findings.verify(!read.ok(), field + " " + value + " is accepted")) {
            findings.verify(read.error().message.starts_with("generation_config.json: " + field),
                            read.error().message);
        }
    }
}

}  // namespace

std::vector<Case> cases() {
    return {{"theOldSpellingIsRead", theOldSpellingIsRead},
            {"ropeScalingGoesBeforeRopeParameters", ropeScalingGoesBeforeRopeParameters},
            {"ropeThetaAloneIsUnscaledWithAWarning", ropeThetaAloneIsUnscaledWithAWarning},
            {"anOriginalLengthMissingIsTheMaximum", anOriginalLengthMissingIsTheMaximum},
            {"theTextHalfOfAnOmniConfigIsRead", theTextHalfOfAnOmniConfigIsRead},
            {"otherArchitecturesAreRefusedByTheField", otherArchitecturesAreRefusedByTheField},
            {"rulesAreTriedAsGptqModelTriesThem", rulesAreTriedAsGptqModelTriesThem},
            {"olderSpellingsAreRead", olderSpellingsAreRead},
            {"anUnnamedAwqConfigIsRefused", anUnnamedAwqConfigIsRefused},
            {"generationDefaultsAreRead", generationDefaultsAreRead},
            {"wrongGenerationDefaultsAreRefused", wrongGenerationDefaultsAreRefused}};
}

}  // namespace apertura::test
