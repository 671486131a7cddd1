#include "app/conversation/answering_choices.h"

#include <nlohmann/json.hpp>

#include "inference/sampling/sampling_parameters.h"

namespace apertura {

namespace {

using Json = nlohmann::json;

// One by one, so that a parameter of a newer version or out of range takes none of the others with
// it.
SamplingOptions samplingFromObject(const Json& object) {
    SamplingOptions sampling;
    for (const auto& item : object.items()) {
        const Json one = {{item.key(), item.value()}};
        const std::string text = one.dump(-1, ' ', true, Json::error_handler_t::replace);
        if (Result<SamplingOptions> read = parseSampling(text, sampling)) {
            sampling = *std::move(read);
        }
    }
    return sampling;
}

Json parse(const QString& json) {
    Json object = Json::parse(json.toStdString(), nullptr, false);
    return object.is_object() ? object : Json::object();
}

}  // namespace

QString choicesToJson(const AnsweringChoices& choices) {
    Json object = Json::object();
    if (choices.sampling) {
        object["sampling"] = Json::parse(samplingToJson(*choices.sampling));
    }
    if (choices.contextPolicy != ContextPolicy::stop) {
        object["context_policy"] = contextPolicyName(choices.contextPolicy);
    }
    return object.empty() ? QString() : QString::fromStdString(object.dump());
}

AnsweringChoices choicesFromJson(const QString& json) {
    const Json object = parse(json);
    AnsweringChoices choices;
    if (object.contains("sampling") && object["sampling"].is_object()) {
        choices.sampling = samplingFromObject(object["sampling"]);
    }
    if (object.contains("context_policy") &&
        object["context_policy"] == contextPolicyName(ContextPolicy::dropOldestTurns)) {
        choices.contextPolicy = ContextPolicy::dropOldestTurns;
    }
    return choices;
}

const char* contextPolicyName(ContextPolicy policy) {
    switch (policy) {
        case ContextPolicy::stop:
            return "stop";
        case ContextPolicy::dropOldestTurns:
            return "drop_oldest_turns";
    }
    return "stop";
}

}  // namespace apertura
