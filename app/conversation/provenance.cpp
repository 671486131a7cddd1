#include "app/conversation/provenance.h"

#include <nlohmann/json.hpp>

#include "app/conversation/answering_choices.h"
#include "inference/sampling/sampling_parameters.h"

namespace apertura {

namespace {

using Json = nlohmann::json;

QString dump(const Json& object) {
    return QString::fromStdString(object.dump(-1, ' ', true, Json::error_handler_t::replace));
}

// Calls visit(name, field) for every metric: one list for writing and reading.
template <typename MetricsType, typename Visit>
void visitMetrics(MetricsType& metrics, const Visit& visit) {
    visit("load_seconds", metrics.loadSeconds);
    visit("prompt_tokens", metrics.promptTokens);
    visit("reused_tokens", metrics.reusedTokens);
    visit("prefill_tokens_per_second", metrics.prefillTokensPerSecond);
    visit("time_to_first_token_seconds", metrics.timeToFirstTokenSeconds);
    visit("completion_tokens", metrics.completionTokens);
    visit("decode_tokens_per_second", metrics.decodeTokensPerSecond);
    visit("backend", metrics.backend);
    visit("device", metrics.device);
    visit("weight_bytes", metrics.weightBytes);
    visit("kv_bytes", metrics.kvBytes);
    visit("scratch_bytes", metrics.scratchBytes);
    visit("adapter_bytes", metrics.adapterBytes);
    visit("device_memory_used_bytes", metrics.deviceMemoryUsedBytes);
    visit("device_memory_free_bytes", metrics.deviceMemoryFreeBytes);
    visit("device_memory_own_bytes", metrics.deviceMemoryOwnBytes);
    visit("process_memory_bytes", metrics.processMemoryBytes);
    visit("context_used", metrics.contextUsed);
    visit("context_size", metrics.contextSize);
    visit("seed", metrics.seed);
}

template <typename T>
void readField(const Json& object, const char* name, T& field) {
    if (!object.contains(name)) {
        return;
    }
    const Json& value = object[name];
    if constexpr (std::is_same_v<T, std::string>) {
        if (value.is_string()) {
            field = value.get<std::string>();
        }
    } else if (value.is_number()) {
        field = value.get<T>();
    }
}

}  // namespace

QString provenanceToJson(const Provenance& provenance) {
    const ModelInfo& model = provenance.model;
    Json object = {
        {"app_version", provenance.appVersion.toStdString()},
        {"model",
         {{"name", model.name},
          {"path", model.directory.string()},
          {"content_hash", model.contentHash},
          {"architecture", model.architecture},
          {"precision", model.precision},
          {"adapter_bytes", model.adapterBytes}}},
        {"backend", model.backend},
        {"device", model.device},
        {"sampling", Json::parse(samplingToJson(provenance.sampling))},
        {"context_policy", contextPolicyName(provenance.contextPolicy)},
        {"prompt_ids", provenance.promptIds},
    };
    if (provenance.sampling.seed) {
        object["seed"] = *provenance.sampling.seed;
    }
    return dump(object);
}

QString figuresToJson(const AnswerFigures& figures) {
    Json object = Json::object();
    visitMetrics(figures.metrics,
                 [&](const char* name, const auto& field) { object[name] = field; });
    object["finish_reason"] = figures.finishReason.toStdString();
    return dump(object);
}

std::optional<AnswerFigures> figuresFromJson(const QString& json) {
    const Json object = Json::parse(json.toStdString(), nullptr, false);
    if (!object.is_object()) {
        return std::nullopt;
    }
    AnswerFigures figures;
    visitMetrics(figures.metrics,
                 [&](const char* name, auto& field) { readField(object, name, field); });
    std::string reason;
    readField(object, "finish_reason", reason);
    figures.finishReason = QString::fromStdString(reason);
    return figures;
}

}  // namespace apertura
