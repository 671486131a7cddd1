// config.json of an Apertus checkpoint, in either spelling (transformers 4 and 5), checked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "inference/options.h"
#include "inference/status.h"

namespace apertura {

struct RopeConfig {
    enum class Type { standard, llama3 } type = Type::standard;
    double theta = 12'000'000.0;
    double factor = 1.0;
    double lowFreqFactor = 1.0;
    double highFreqFactor = 4.0;
    std::int64_t originalMaxPositionEmbeddings = 0;
};

// Fields keep the names of config.json in camelCase.
struct ModelConfig {
    std::string modelType;  // "apertus" or "apertus1p5"
    std::int64_t hiddenSize = 0;
    std::int64_t intermediateSize = 0;
    std::int64_t numHiddenLayers = 0;
    std::int64_t numAttentionHeads = 0;
    std::int64_t numKeyValueHeads = 0;
    std::int64_t headDim = 0;
    std::int64_t vocabSize = 0;        // rows of the embedding
    std::int64_t outputVocabSize = 0;  // rows of the head: the logits' V
    std::int64_t maxPositionEmbeddings = 0;
    double rmsNormEps = 1e-5;
    bool tieWordEmbeddings = false;
    RopeConfig rope;
    std::vector<TokenId> eosTokenIds;  // of config.json alone
    std::optional<TokenId> bosTokenId;
    std::vector<std::string> warnings;
};

// Errors: fileMissing, fileCorrupt, unsupported; the sentence names config.json and the field.
Result<ModelConfig> readModelConfig(const std::filesystem::path& directory);
Result<ModelConfig> parseModelConfig(const std::string& json);

// What the Apertus card recommends: temperature 0.8 and top-p 0.9.
SamplingOptions cardSampling();

// generation_config.json: what it recommends for sampling and where it stops. A missing file is no
// error.
struct GenerationConfig {
    SamplingOptions sampling = cardSampling();  // where the file is silent, the card's
    std::vector<TokenId> eosTokenIds;
};
// Errors: fileMissing, fileCorrupt (a value outside the range that sampling takes among them); the
// sentence names generation_config.json and the field.
Result<GenerationConfig> readGenerationConfig(const std::filesystem::path& directory);

}  // namespace apertura
