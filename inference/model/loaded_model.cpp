#include "inference/model/loaded_model.h"

#include <algorithm>
#include <array>
#include <utility>

namespace apertura {

namespace {

// Of ModelInfo::memoryPlan.
constexpr std::array<std::int64_t, 4> kPlannedContexts = {2048, 8192, 32768, 65536};

std::vector<TokenId> stopIdsOf(const ModelParts& parts) {
    std::vector<TokenId> ids = parts.generationConfig.eosTokenIds;
    const auto& ofConfig = parts.weights->config.eosTokenIds;
    ids.insert(ids.end(), ofConfig.begin(), ofConfig.end());
    const std::string eosText = parts.tokenizer->eosText();
    if (const auto id = eosText.empty() ? std::nullopt : parts.tokenizer->find(eosText)) {
        ids.push_back(*id);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    return ids;
}

ModelInfo describe(const ModelParts& parts, const PromptBuilder& prompts) {
    const ModelWeights& weights = *parts.weights;
    const Backend& backend = *parts.backend.backend;
    ModelInfo info;
    info.name = modelName(parts.directory);
    info.directory = parts.directory;
    info.architecture = weights.config.modelType;
    info.precision = weights.precision;
    info.contentHash = weights.contentHash;
    info.packedCache = packedCacheUseName(weights.packedCache);
    info.vocabularySize = weights.config.outputVocabSize;
    info.layerCount = weights.config.numHiddenLayers;
    info.maximumContext = weights.config.maxPositionEmbeddings;
    info.parameterCount = weights.parameterCount;
    info.weightBytes = weights.weightBytes;
    info.adapterBytes = weights.adapterBytes;
    info.kvBytesPerToken = backend.kvBytesPerToken(weights.config, KvType::bf16);
    info.hasChatTemplate = prompts.hasOwnTemplate();
    info.chatTemplate = prompts.templateSource();
    info.recommendedSampling = parts.generationConfig.sampling;
    info.modules = weights.modules;
    info.warnings = weights.warnings;
    info.warnings.insert(info.warnings.end(), prompts.warnings().begin(), prompts.warnings().end());
    info.backend = backend.name();
    info.backendReason = parts.backend.reason;
    info.device = backend.device();
    for (const std::int64_t context : kPlannedContexts) {
        info.memoryPlan.push_back(backend.memoryNeed(weights, {context, parts.plannedKv}));
    }
    const DeviceMemory memory = backend.memory();
    info.deviceMemoryUsedBytes = memory.usedBytes;
    info.deviceMemoryFreeBytes = memory.freeBytes;
    info.deviceMemoryOwnBytes = memory.ownBytes;
    return info;
}

// Where the backend that was chosen cannot take the weights, what computes instead does.
Result<void> prepareBackend(ChosenBackend& chosen,
                            const std::shared_ptr<const ModelWeights>& weights) {
    Result<void> prepared = chosen.backend->prepare(weights);
    if (!prepared && chosen.fallback) {
        chosen.backend = chosen.fallback();
        chosen.reason =
            "The " + chosen.backend->name() + " backend computes. " + prepared.error().message;
        prepared = chosen.backend->prepare(weights);
    }
    return prepared;
}

}  // namespace

bool LoadedModel::isStop(TokenId id) const {
    return std::binary_search(stopIds.begin(), stopIds.end(), id);
}

Result<std::shared_ptr<LoadedModel>> assembleModel(ModelParts parts) {
    const ModelConfig& config = parts.weights->config;
    if (config.vocabSize < parts.tokenizer->size()) {
        return Error{ErrorCode::fileCorrupt, "config.json: vocab_size is " +
                                                 std::to_string(config.vocabSize) +
                                                 ", but the tokenizer has ids up to " +
                                                 std::to_string(parts.tokenizer->size() - 1) + "."};
    }
    if (auto prepared = prepareBackend(parts.backend, parts.weights); !prepared) {
        return prepared.error();
    }
    PromptBuilder prompts(parts.tokenizer, parts.templateSource);
    ModelInfo info = describe(parts, prompts);
    std::vector<TokenId> stopIds = stopIdsOf(parts);
    return std::make_shared<LoadedModel>(
        LoadedModel{std::move(info), config, std::move(parts.tokenizer),
                    std::move(parts.backend.backend), std::move(prompts), std::move(stopIds)});
}

std::string modelName(const std::filesystem::path& directory) {
    constexpr std::string_view kCachePrefix = "models--";
    const auto normal = directory.has_filename() ? directory : directory.parent_path();
    const auto snapshots = normal.parent_path();
    const std::string entry = snapshots.parent_path().filename().string();
    if (snapshots.filename() != "snapshots" || !entry.starts_with(kCachePrefix)) {
        return normal.filename().string();
    }
    std::string repository = entry.substr(kCachePrefix.size());
    const std::size_t dashes = repository.find("--");
    if (dashes == std::string::npos) {
        return repository;
    }
    return repository.substr(0, dashes).append("/").append(repository.substr(dashes + 2));
}

}  // namespace apertura
