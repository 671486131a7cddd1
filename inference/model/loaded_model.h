// A checkpoint ready to answer: what all its sessions share.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "inference/backend/make_backend.h"
#include "inference/engine.h"
#include "inference/model/prompt_builder.h"
#include "inference/weights/checkpoint.h"

namespace apertura {

// What a checkpoint folder gave.
struct ModelParts {
    std::filesystem::path directory;
    std::shared_ptr<const ModelWeights> weights;
    std::shared_ptr<const Tokenizer> tokenizer;
    GenerationConfig generationConfig;
    Result<TemplateSource> templateSource;
    ChosenBackend backend;
    KvType plannedKv = KvType::bf16;  // of ModelInfo::memoryPlan
};

// Threads: const members from any thread; the backend as it says.
struct LoadedModel {
    ModelInfo info;
    ModelConfig config;
    std::shared_ptr<const Tokenizer> tokenizer;
    std::unique_ptr<Backend> backend;
    PromptBuilder prompts;
    std::vector<TokenId>
        stopIds;  // end an answer: of generation config, config and tokenizer together

    bool isStop(TokenId id) const;
};

// Puts a model together and prepares its weights on the backend.
// Errors: fileCorrupt (config.json vocab_size below the tokenizer's size), those of
// Backend::prepare.
Result<std::shared_ptr<LoadedModel>> assembleModel(ModelParts parts);

// The folder's name, or "organisation/name" for a snapshot in a hub cache
// (models--organisation--name/snapshots/revision).
std::string modelName(const std::filesystem::path& directory);

}  // namespace apertura
