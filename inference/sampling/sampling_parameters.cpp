#include "inference/sampling/sampling_parameters.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

namespace apertura {

namespace {

using Json = nlohmann::json;

constexpr double kInt31 = 2147483647.0;
// Where doubles stop being able to hold every whole number.
constexpr double kExactWhole = 9007199254740992.0;
constexpr std::size_t kShownCharacters = 60;

using Vocabulary = std::optional<std::int64_t>;

struct Parameter {
    const char* name;
    const char* allowed;                          // completes "must be .."
    bool (*read)(const Json&, SamplingOptions&);  // false: the field's type cannot hold it
    Json (*write)(const SamplingOptions&);
    // What is wrong, completing "must be .., but ..", or nothing.
    std::optional<std::string> (*wrong)(const Parameter&, const SamplingOptions&, Vocabulary);
    double low = 0.0;
    double high = 0.0;
    bool lowIncluded = true;
};

std::string shown(const Json& value) {
    std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
    if (text.size() > kShownCharacters) {
        text.resize(kShownCharacters);
        text += "..";
    }
    return text;
}

// The spelling of a number as a person would write it; JSON has none for NaN and infinity.
Json realToJson(double value) {
    if (std::isnan(value)) {
        return "nan";
    }
    if (std::isinf(value)) {
        return value > 0 ? "inf" : "-inf";
    }
    return value;
}

std::optional<double> realFromJson(const Json& value) {
    if (value.is_number()) {
        return value.get<double>();
    }
    if (value.is_string()) {
        const auto& text = value.get_ref<const std::string&>();
        if (text == "nan") {
            return std::numeric_limits<double>::quiet_NaN();
        }
        if (text == "inf" || text == "-inf") {
            const double infinity = std::numeric_limits<double>::infinity();
            return text == "inf" ? infinity : -infinity;
        }
    }
    return std::nullopt;
}

std::optional<std::int64_t> wholeFromJson(const Json& value) {
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        const auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        return static_cast<std::int64_t>(std::min(number, largest));
    }
    if (value.is_number_integer()) {
        return value.get<std::int64_t>();
    }
    if (value.is_number_float()) {
        const double number = value.get<double>();
        if (std::abs(number) <= kExactWhole && number == std::floor(number)) {
            return static_cast<std::int64_t>(number);
        }
    }
    return std::nullopt;
}

std::optional<TokenId> idFromJson(const Json& value) {
    const auto whole = wholeFromJson(value);
    if (!whole || *whole < std::numeric_limits<TokenId>::min() ||
        *whole > std::numeric_limits<TokenId>::max()) {
        return std::nullopt;
    }
    return static_cast<TokenId>(*whole);
}

bool readIds(const Json& value, std::vector<TokenId>& ids) {
    if (!value.is_array()) {
        return false;
    }
    ids.clear();
    for (const Json& item : value) {
        const auto id = idFromJson(item);
        if (!id) {
            return false;
        }
        ids.push_back(*id);
    }
    return true;
}

bool readTexts(const Json& value, std::vector<std::string>& texts) {
    if (!value.is_array()) {
        return false;
    }
    texts.clear();
    for (const Json& item : value) {
        if (!item.is_string()) {
            return false;
        }
        texts.push_back(item.get<std::string>());
    }
    return true;
}

bool inVocabulary(TokenId id, Vocabulary vocabulary) {
    return id >= 0 && (!vocabulary || id < *vocabulary);
}

// ---- one parameter each
// ----------------------------------------------------------------------------------

template <auto kField>
Parameter real(const char* name, const char* allowed, double low, double high,
               bool lowIncluded = true) {
    return {name,
            allowed,
            [](const Json& value, SamplingOptions& options) {
                const auto number = realFromJson(value);
                options.*kField = number.value_or(0.0);
                return number.has_value();
            },
            [](const SamplingOptions& options) { return realToJson(options.*kField); },
            [](const Parameter& self, const SamplingOptions& options,
               Vocabulary) -> std::optional<std::string> {
                const double value = options.*kField;
                if (value <= self.high &&
                    (value > self.low || (self.lowIncluded && value == self.low))) {
                    return std::nullopt;
                }
                return "is " +
                       (std::isfinite(value) ? shown(value) : realToJson(value).get<std::string>());
            },
            low,
            high,
            lowIncluded};
}

template <auto kField>
Parameter whole(const char* name, const char* allowed, double low, double high) {
    return {name,
            allowed,
            [](const Json& value, SamplingOptions& options) {
                const auto number = wholeFromJson(value);
                options.*kField = number.value_or(0);
                return number.has_value();
            },
            [](const SamplingOptions& options) { return Json(options.*kField); },
            [](const Parameter& self, const SamplingOptions& options,
               Vocabulary) -> std::optional<std::string> {
                const auto value = static_cast<double>(options.*kField);
                if (value >= self.low && value <= self.high) {
                    return std::nullopt;
                }
                return "is " + std::to_string(options.*kField);
            },
            low,
            high};
}

Parameter breakerIds() {
    return {"dry_sequence_breakers", "token ids, whole numbers from 0",
            [](const Json& value, SamplingOptions& options) {
                return readIds(value, options.dryBreakerIds);
            },
            [](const SamplingOptions& options) { return Json(options.dryBreakerIds); },
            [](const Parameter&, const SamplingOptions& options,
               Vocabulary) -> std::optional<std::string> {
                for (const TokenId id : options.dryBreakerIds) {
                    if (id < 0) {
                        return "has " + std::to_string(id);
                    }
                }
                return std::nullopt;
            }};
}

template <auto kField>
Parameter textList(const char* name) {
    return {name, "a list of texts, none of them empty",
            [](const Json& value, SamplingOptions& options) {
                return readTexts(value, options.*kField);
            },
            [](const SamplingOptions& options) { return Json(options.*kField); },
            [](const Parameter&, const SamplingOptions& options,
               Vocabulary) -> std::optional<std::string> {
                const auto& list = options.*kField;
                if (std::find(list.begin(), list.end(), "") != list.end()) {
                    return "has an empty one";
                }
                return std::nullopt;
            }};
}

bool readBias(const Json& value, SamplingOptions& options) {
    if (!value.is_object()) {
        return false;
    }
    options.logitBias.clear();
    for (const auto& [key, item] : value.items()) {
        TokenId id = 0;
        const auto parsed = std::from_chars(key.data(), key.data() + key.size(), id);
        const auto bias = realFromJson(item);
        if (parsed.ec != std::errc() || parsed.ptr != key.data() + key.size() || !bias) {
            return false;
        }
        options.logitBias[id] = *bias;
    }
    return true;
}

Json writeBias(const SamplingOptions& options) {
    Json object = Json::object();
    for (const auto& [id, bias] : options.logitBias) {
        object[std::to_string(id)] = realToJson(bias);
    }
    return object;
}

std::optional<std::string> wrongBias(const Parameter&, const SamplingOptions& options,
                                     Vocabulary vocabulary) {
    for (const auto& [id, bias] : options.logitBias) {
        if (!inVocabulary(id, vocabulary)) {
            return "has the id " + std::to_string(id);
        }
        if (!(bias >= -100.0 && bias <= 100.0)) {
            return "has " + shown(realToJson(bias)) + " for id " + std::to_string(id);
        }
        if (std::find(options.banned.begin(), options.banned.end(), id) != options.banned.end()) {
            return "has the banned id " + std::to_string(id);
        }
    }
    return std::nullopt;
}

std::optional<std::string> wrongBan(const Parameter&, const SamplingOptions& options,
                                    Vocabulary vocabulary) {
    for (const TokenId id : options.banned) {
        if (!inVocabulary(id, vocabulary)) {
            return "has " + std::to_string(id);
        }
    }
    std::vector<TokenId> distinct = options.banned;
    std::sort(distinct.begin(), distinct.end());
    distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
    if (vocabulary && *vocabulary > 0 &&
        static_cast<std::int64_t>(distinct.size()) == *vocabulary) {
        return "has every id";
    }
    return std::nullopt;
}

bool readSeed(const Json& value, SamplingOptions& options) {
    if (value.is_number_unsigned()) {
        options.seed = value.get<std::uint64_t>();
        return true;
    }
    const auto number = wholeFromJson(value);
    if (!number || *number < -1) {
        return false;
    }
    options.seed = *number == -1
                       ? std::nullopt
                       : std::optional<std::uint64_t>(static_cast<std::uint64_t>(*number));
    return true;
}

Parameter seed() {
    return {"seed", "a whole number from 0 to 18446744073709551615, or -1 for a fresh one",
            readSeed,
            [](const SamplingOptions& options) {
                return options.seed ? Json(*options.seed) : Json(-1);
            },
            [](const Parameter&, const SamplingOptions&, Vocabulary) -> std::optional<std::string> {
                return std::nullopt;
            }};
}

Parameter maxTokens() {
    return {"max_tokens", "a whole number from 1 to 2147483647",
            [](const Json& value, SamplingOptions& options) {
                options.maxTokens = wholeFromJson(value);
                return options.maxTokens.has_value();
            },
            [](const SamplingOptions& options) {
                return options.maxTokens ? Json(*options.maxTokens) : Json(nullptr);
            },
            [](const Parameter&, const SamplingOptions& options,
               Vocabulary) -> std::optional<std::string> {
                if (!options.maxTokens || (*options.maxTokens >= 1 &&
                                           static_cast<double>(*options.maxTokens) <= kInt31)) {
                    return std::nullopt;
                }
                return "is " + std::to_string(*options.maxTokens);
            }};
}

Parameter ignoreEndOfSequence() {
    return {"ignore_eos", "true or false",
            [](const Json& value, SamplingOptions& options) {
                options.ignoreEndOfSequence = value.is_boolean() && value.get<bool>();
                return value.is_boolean();
            },
            [](const SamplingOptions& options) { return Json(options.ignoreEndOfSequence); },
            [](const Parameter&, const SamplingOptions&, Vocabulary) -> std::optional<std::string> {
                return std::nullopt;
            }};
}

// In the order in which wrong ones are named.
std::vector<Parameter> parameters() {
    using O = SamplingOptions;
    return {
        real<&O::temperature>("temperature", "from 0 to 10", 0.0, 10.0),
        whole<&O::topK>("top_k", "a whole number from 0 to 2147483647", 0.0, kInt31),
        real<&O::topP>("top_p", "greater than 0 and at most 1", 0.0, 1.0, false),
        real<&O::minP>("min_p", "from 0 to 1", 0.0, 1.0),
        real<&O::typicalP>("typical_p", "greater than 0 and at most 1", 0.0, 1.0, false),
        real<&O::topNSigma>("top_n_sigma", "from 0 to 100", 0.0, 100.0),
        real<&O::repetitionPenalty>("repetition_penalty", "greater than 0 and at most 10", 0.0,
                                    10.0, false),
        real<&O::presencePenalty>("presence_penalty", "from -2 to 2", -2.0, 2.0),
        real<&O::frequencyPenalty>("frequency_penalty", "from -2 to 2", -2.0, 2.0),
        whole<&O::penaltyWindow>(
            "penalty_window",
            "a whole number: -1 for the whole context, 0 for off or up to 2147483647", -1.0,
            kInt31),
        real<&O::dryMultiplier>("dry_multiplier", "from 0 to 100", 0.0, 100.0),
        real<&O::dryBase>("dry_base", "from 1 to 10", 1.0, 10.0),
        whole<&O::dryAllowedLength>("dry_allowed_length", "a whole number from 1 to 50", 1.0, 50.0),
        breakerIds(),
        textList<&O::drySequenceBreakers>("dry_breaker_texts"),
        real<&O::xtcProbability>("xtc_probability", "from 0 to 1", 0.0, 1.0),
        real<&O::xtcThreshold>("xtc_threshold", "from 0 to 1", 0.0, 1.0),
        {"logit_bias", "ids of the vocabulary, not banned, each with a number from -100 to 100",
         readBias, writeBias, wrongBias},
        {"banned", "ids of the vocabulary, not all that could be drawn",
         [](const Json& value, O& options) { return readIds(value, options.banned); },
         [](const O& options) { return Json(options.banned); }, wrongBan},
        seed(),
        maxTokens(),
        whole<&O::logprobs>("logprobs", "a whole number from 0 to 100", 0.0, 100.0),
        textList<&O::stop>("stop"),
        ignoreEndOfSequence(),
    };
}

Error refusal(const Parameter& parameter, const std::string& what) {
    return {ErrorCode::invalidRequest,
            std::string(parameter.name) + " must be " + parameter.allowed + ", but " + what + "."};
}

}  // namespace

Result<void> validateSampling(const SamplingOptions& options,
                              std::optional<std::int64_t> vocabularySize) {
    for (const Parameter& parameter : parameters()) {
        if (const auto what = parameter.wrong(parameter, options, vocabularySize)) {
            return refusal(parameter, *what);
        }
    }
    return {};
}

Result<SamplingOptions> parseSampling(const std::string& json, const SamplingOptions& defaults) {
    const Json object = Json::parse(json, nullptr, false);
    if (!object.is_object()) {
        return Error{ErrorCode::invalidRequest, "The sampling parameters are not a JSON object."};
    }
    const auto table = parameters();
    for (const auto& item : object.items()) {
        if (std::none_of(table.begin(), table.end(),
                         [&](const auto& p) { return item.key() == p.name; })) {
            return Error{ErrorCode::invalidRequest,
                         "There is no sampling parameter " + item.key() + "."};
        }
    }
    // Some parameters are checked against others, so all are read before any is checked.
    SamplingOptions options = defaults;
    auto firstUnreadable = table.end();
    for (auto parameter = table.begin(); parameter != table.end(); ++parameter) {
        const auto found = object.find(parameter->name);
        const bool given = found != object.end() && !found->is_null();
        if (given && !parameter->read(*found, options)) {
            firstUnreadable = std::min(firstUnreadable, parameter);
        }
    }
    for (auto parameter = table.begin(); parameter != firstUnreadable; ++parameter) {
        if (const auto what = parameter->wrong(*parameter, options, std::nullopt)) {
            return refusal(*parameter, *what);
        }
    }
    if (firstUnreadable != table.end()) {
        return refusal(*firstUnreadable, "is " + shown(object.at(firstUnreadable->name)));
    }
    return options;
}

std::string samplingToJson(const SamplingOptions& options) {
    Json object = Json::object();
    for (const Parameter& parameter : parameters()) {
        object[parameter.name] = parameter.write(options);
    }
    return object.dump(-1, ' ', true, Json::error_handler_t::replace);
}

}  // namespace apertura
