// apertura-cli inspect: what a checkpoint is and what it will need, as JSON.
#include "app/cli/commands.h"
#include "app/cli/interrupt.h"
#include "app/cli/options.h"
#include "app/cli/output.h"

namespace apertura::cli {

namespace {

Json modulesToJson(const ModelInfo& info) {
    Json modules = Json::array();
    for (const ModuleInfo& module : info.modules) {
        modules.push_back({{"name", module.name},
                           {"format", module.format},
                           {"bits", module.bits},
                           {"group_size", module.groupSize},
                           {"adapter_rank", module.adapterRank}});
    }
    return modules;
}

Json memoryPlan(const ModelInfo& info) {
    Json plan = Json::array();
    for (const MemoryNeed& need : info.memoryPlan) {
        plan.push_back({{"context", need.contextSize},
                        {"weight_bytes", need.weightBytes},
                        {"adapter_bytes", need.adapterBytes},
                        {"kv_bytes", need.kvBytes},
                        {"scratch_bytes", need.scratchBytes},
                        {"total_bytes", need.total()},
                        {"within_maximum_context", need.contextSize <= info.maximumContext}});
    }
    return plan;
}

Json toJson(const ModelInfo& info) {
    return {{"name", info.name},
            {"directory", info.directory.string()},
            {"architecture", info.architecture},
            {"precision", info.precision},
            {"content_hash", info.contentHash},
            {"packed_cache", info.packedCache},
            {"layers", info.layerCount},
            {"vocabulary_size", info.vocabularySize},
            {"maximum_context", info.maximumContext},
            {"parameters", info.parameterCount},
            {"weight_bytes", info.weightBytes},
            {"adapter_bytes", info.adapterBytes},
            {"kv_bytes_per_token", info.kvBytesPerToken},
            {"has_chat_template", info.hasChatTemplate},
            {"recommended_sampling", Json::parse(samplingToJson(info.recommendedSampling))},
            {"backend", info.backend},
            {"backend_reason", info.backendReason},
            {"device", info.device},
            {"load_seconds", numberToJson(info.loadSeconds)},
            {"modules", modulesToJson(info)},
            {"memory_plan", memoryPlan(info)},
            {"device_memory_used_bytes", info.deviceMemoryUsedBytes},
            {"device_memory_free_bytes", info.deviceMemoryFreeBytes},
            {"warnings", info.warnings}};
}

Result<void> run(const ModelFlags& flags) {
    Interrupts interrupts;
    const auto model = flags.load(interrupts.begin());
    if (!model) {
        return model.error();
    }
    printJson(toJson((*model)->info()));
    return {};
}

}  // namespace

Command addInspect(CLI::App& program) {
    auto flags = std::make_shared<ModelFlags>();
    CLI::App* app = program.add_subcommand("inspect", "What a checkpoint is and needs, as JSON");
    flags->addTo(*app);
    return {app, [flags] { return run(*flags); }};
}

}  // namespace apertura::cli
