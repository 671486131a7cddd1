#include "app/conversation/sampling_json.h"

#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <vector>

namespace apertura {

namespace {

using Json = nlohmann::json;

template <typename T>
void read(const Json& object, const char* key, T& value) {
    const auto found = object.find(key);
    if (found == object.end()) {
        return;
    }
    if constexpr (std::is_same_v<T, bool>) {
        if (found->is_boolean()) {
            value = found->get<bool>();
        }
    } else if constexpr (std::is_integral_v<T>) {
        if (found->is_number_integer()) {
            value = found->get<T>();
        }
    } else if (found->is_number()) {
        value = found->get<T>();
    }
}

template <typename T>
void read(const Json& object, const char* key, std::optional<T>& value) {
    if (object.contains(key) && object[key].is_number_integer()) {
        value = object[key].get<T>();
    }
}

void read(const Json& object, const char* key, std::vector<std::string>& value) {
    if (!object.contains(key) || !object[key].is_array()) {
        return;
    }
    value.clear();
    for (const Json& item : object[key]) {
        if (item.is_string()) {
            value.push_back(item.get<std::string>());
        }
    }
}

void readTokens(const Json& object, SamplingOptions& sampling) {
    if (object.contains("banned") && object["banned"].is_array()) {
        for (const Json& item : object["banned"]) {
            if (item.is_number_integer()) {
                sampling.banned.push_back(item.get<TokenId>());
            }
        }
    }
    if (object.contains("logit_bias") && object["logit_bias"].is_array()) {
        for (const Json& item : object["logit_bias"]) {
            if (item.is_array() && item.size() == 2 && item[0].is_number_integer() &&
                item[1].is_number()) {
                sampling.logitBias[item[0].get<TokenId>()] = item[1].get<double>();
            }
        }
    }
}

Json samplingObject(const SamplingOptions& sampling) {
    Json object = {
        {"temperature", sampling.temperature},
        {"top_k", sampling.topK},
        {"top_p", sampling.topP},
        {"min_p", sampling.minP},
        {"typical_p", sampling.typicalP},
        {"top_n_sigma", sampling.topNSigma},
        {"repetition_penalty", sampling.repetitionPenalty},
        {"presence_penalty", sampling.presencePenalty},
        {"frequency_penalty", sampling.frequencyPenalty},
        {"penalty_window", sampling.penaltyWindow},
        {"dry_multiplier", sampling.dryMultiplier},
        {"dry_base", sampling.dryBase},
        {"dry_allowed_length", sampling.dryAllowedLength},
        {"dry_sequence_breakers", sampling.drySequenceBreakers},
        {"xtc_probability", sampling.xtcProbability},
        {"xtc_threshold", sampling.xtcThreshold},
        {"banned", sampling.banned},
        {"logprobs", sampling.logprobs},
        {"stop", sampling.stop},
        {"ignore_eos", sampling.ignoreEndOfSequence},
    };
    object["logit_bias"] = Json::array();
    for (const auto& [id, bias] : sampling.logitBias) {
        object["logit_bias"].push_back({id, bias});
    }
    if (sampling.seed) {
        object["seed"] = *sampling.seed;
    }
    if (sampling.maxTokens) {
        object["max_tokens"] = *sampling.maxTokens;
    }
    return object;
}

SamplingOptions samplingFromObject(const Json& object) {
    SamplingOptions sampling;
    read(object, "temperature", sampling.temperature);
    read(object, "top_k", sampling.topK);
    read(object, "top_p", sampling.topP);
    read(object, "min_p", sampling.minP);
    read(object, "typical_p", sampling.typicalP);
    read(object, "top_n_sigma", sampling.topNSigma);
    read(object, "repetition_penalty", sampling.repetitionPenalty);
    read(object, "presence_penalty", sampling.presencePenalty);
    read(object, "frequency_penalty", sampling.frequencyPenalty);
    read(object, "penalty_window", sampling.penaltyWindow);
    read(object, "dry_multiplier", sampling.dryMultiplier);
    read(object, "dry_base", sampling.dryBase);
    read(object, "dry_allowed_length", sampling.dryAllowedLength);
    read(object, "dry_sequence_breakers", sampling.drySequenceBreakers);
    read(object, "xtc_probability", sampling.xtcProbability);
    read(object, "xtc_threshold", sampling.xtcThreshold);
    read(object, "logprobs", sampling.logprobs);
    read(object, "stop", sampling.stop);
    read(object, "ignore_eos", sampling.ignoreEndOfSequence);
    read(object, "seed", sampling.seed);
    read(object, "max_tokens", sampling.maxTokens);
    readTokens(object, sampling);
    return sampling;
}

Json parse(const QString& json) {
    Json object = Json::parse(json.toStdString(), nullptr, false);
    return object.is_object() ? object : Json::object();
}

QString dump(const Json& object) {
    return QString::fromStdString(object.dump(-1, ' ', true, Json::error_handler_t::replace));
}

}  // namespace

QString samplingToJson(const SamplingOptions& sampling) {
    return dump(samplingObject(sampling));
}

QString choicesToJson(const AnsweringChoices& choices) {
    Json object = Json::object();
    if (choices.sampling) {
        object["sampling"] = samplingObject(*choices.sampling);
    }
    if (choices.contextPolicy != ContextPolicy::stop) {
        object["context_policy"] = contextPolicyName(choices.contextPolicy);
    }
    return object.empty() ? QString() : dump(object);
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
