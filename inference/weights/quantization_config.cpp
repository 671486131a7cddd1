#define PCRE2_CODE_UNIT_WIDTH 8
#include "inference/weights/quantization_config.h"

#include <algorithm>
#include <array>
#include <optional>
#include <pcre2.h>
#include <utility>

namespace apertura {

namespace {

namespace fs = std::filesystem;

// Enough for any honest rule over a module name; a rule that backtracks without end stops in well
// under 0.1 s.
constexpr std::uint32_t kMatchLimit = 100'000;
constexpr std::uint32_t kHeapLimitKiB = 4096;

const char* const kSupported =
    "supported are GPTQ (formats \"gptq\" and \"gptq_v2\"), SINQ, and unquantized BF16, FP16 and "
    "FP32";

struct FreePattern {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatchData {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeMatchContext {
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
using Pattern = std::unique_ptr<pcre2_code, FreePattern>;

std::string pcreMessage(int code) {
    std::array<unsigned char, 160> buffer{};
    pcre2_get_error_message(code, buffer.data(), buffer.size());
    return reinterpret_cast<const char*>(buffer.data());
}

// 1: matches at the start of `name`; 0: does not; below 0: PCRE2's error.
int matchAtStart(const pcre2_code* code, const std::string& name) {
    const std::unique_ptr<pcre2_match_data, FreeMatchData> data(
        pcre2_match_data_create_from_pattern(code, nullptr));
    const std::unique_ptr<pcre2_match_context, FreeMatchContext> context(
        pcre2_match_context_create(nullptr));
    CHECK(data != nullptr && context != nullptr);
    pcre2_set_match_limit(context.get(), kMatchLimit);
    pcre2_set_heap_limit(context.get(), kHeapLimitKiB);
    const int result = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(name.data()), name.size(), 0,
                                   0, data.get(), context.get());
    if (result == PCRE2_ERROR_NOMATCH) {
        return 0;
    }
    return result >= 0 ? 1 : result;
}

// What an object sets of the parameters; the rest stays.
std::optional<Error> readParameters(FieldReader& fields, GptqParameters& parameters) {
    const auto aliased = [&fields](const char* name, const char* older) {
        return fields.has(name) || !fields.has(older) ? name : older;
    };
    const char* const bitsName = aliased("bits", fields.has("w_bit") ? "w_bit" : "wbits");
    if (fields.has(bitsName)) {
        const std::int64_t bits = fields.integer(bitsName, INT32_MIN, INT32_MAX);
        if (bits != 2 && bits != 3 && bits != 4 && bits != 8) {
            fields.refuse(ErrorCode::unsupported, bitsName,
                          "is " + std::to_string(bits) + "; supported are 2, 3, 4 and 8.");
        }
        parameters.bits = static_cast<int>(bits);
    }
    const char* const groupName = aliased("group_size", "q_group_size");
    if (fields.has(groupName)) {
        parameters.groupSize = fields.integer(groupName, INT32_MIN, INT32_MAX);
        if (parameters.groupSize != -1 &&
            (parameters.groupSize < 8 || parameters.groupSize % 8 != 0)) {
            fields.refuse(ErrorCode::unsupported, groupName,
                          "is " + std::to_string(parameters.groupSize) +
                              "; supported are multiples of 8, and -1 for the whole row.");
        }
    }
    parameters.actOrder = fields.boolean("desc_act", parameters.actOrder);
    parameters.symmetric =
        fields.boolean("sym", !fields.boolean("zero_point", !parameters.symmetric));
    const std::string packing = fields.text("pack_dtype", "int32");
    if (packing != "int32") {
        fields.refuse(ErrorCode::unsupported, "pack_dtype",
                      "is " + quoted(packing) + "; supported is \"int32\".");
    }
    return fields.error();
}

}  // namespace

struct QuantizationConfig::Rule {
    std::string key;  // as the file spells it
    Pattern pattern;
    GptqParameters parameters;
};

Result<void> QuantizationConfig::parseRules(const Json& dynamic) {
    FieldReader fields(dynamic, m_where, m_path + "dynamic: the rule ");
    std::vector<std::shared_ptr<const Rule>> negative;
    for (const auto& [key, value] : dynamic.items()) {
        const std::string name = quoted(key);
        if (!value.is_object()) {
            fields.refuse(ErrorCode::fileCorrupt, name.c_str(),
                          "is not given an object of overrides.");
            return *fields.error();
        }
        const bool leavesDense = key.starts_with("-");
        const bool prefixed = key.starts_with("-:") || key.starts_with("+:");
        const std::string expression = prefixed ? key.substr(2) : key;
        int code = 0;
        PCRE2_SIZE offset = 0;
        Pattern pattern(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(expression.data()),
                                      expression.size(), PCRE2_ANCHORED | PCRE2_UTF, &code, &offset,
                                      nullptr));
        if (!pattern) {
            fields.refuse(ErrorCode::fileCorrupt, name.c_str(),
                          "is no regular expression (" + pcreMessage(code) + ").");
            return *fields.error();
        }
        GptqParameters parameters = m_base;
        parameters.quantized = !leavesDense;
        FieldReader overrides(value, m_where, m_path + "dynamic: the rule " + name + ": ");
        if (const auto error = readParameters(overrides, parameters)) {
            return *error;
        }
        auto rule = std::make_shared<Rule>(Rule{key, std::move(pattern), parameters});
        (leavesDense ? negative : m_rules).push_back(std::move(rule));
    }
    m_rules.insert(m_rules.begin(), negative.begin(), negative.end());
    return {};
}

Result<void> QuantizationConfig::parseGptq(const Json& object) {
    FieldReader fields(object, m_where, m_path);
    // `version` is the older name; AWQ's files, which need not name their method, have "gemm"
    // there.
    const char* const older =
        fields.has("version") && object["version"].is_string() ? "version" : "format";
    const char* const formatName = fields.has("checkpoint_format") ? "checkpoint_format"
                                   : fields.has("format")          ? "format"
                                                                   : older;
    const std::string format = fields.text(formatName, "gptq");
    if (format != "gptq" && format != "gptq_v2") {
        fields.refuse(ErrorCode::unsupported, formatName,
                      "is " + quoted(format) + "; supported are \"gptq\" and \"gptq_v2\".");
    }
    m_zerosAreLessOne = format == "gptq";
    if (auto error = readParameters(fields, m_base)) {
        return *error;
    }
    if (!fields.has("dynamic")) {
        return {};
    }
    if (!object["dynamic"].is_object()) {
        fields.refuse(ErrorCode::fileCorrupt, "dynamic", "is not an object of rules.");
        return *fields.error();
    }
    return parseRules(object["dynamic"]);
}

Result<QuantizationConfig> QuantizationConfig::parse(const Json& object, const std::string& where,
                                                     const std::string& path) {
    QuantizationConfig config;
    config.m_where = where;
    config.m_path = path;
    FieldReader fields(object, where, path);
    const char* const name =
        fields.has("quant_method") || !fields.has("method") ? "quant_method" : "method";
    const bool looksLikeGptq = path.empty() && !fields.has(name);  // older quantize_config.json
    const std::string method = fields.text(name, looksLikeGptq ? "gptq" : "");
    if (fields.error()) {
        return *fields.error();
    }
    if (method == "gptq") {
        config.m_method = QuantizationMethod::gptq;
        if (auto parsed = config.parseGptq(object); !parsed) {
            return parsed.error();
        }
        return config;
    }
    if (method == "sinq") {
        config.m_method = QuantizationMethod::sinq;
        return config;
    }
    fields.refuse(ErrorCode::unsupported, name,
                  (method.empty() ? std::string("is missing") : "is " + quoted(method)) + "; " +
                      kSupported + ".");
    return *fields.error();
}

Result<QuantizationConfig> QuantizationConfig::read(const fs::path& directory) {
    for (const char* name :
         {"quantize_config.json", "quant_config.json", "config.json", "hf_quant_config.json"}) {
        if (!isThere(directory / name)) {
            continue;
        }
        if (name == std::string("hf_quant_config.json")) {
            return fileError(
                ErrorCode::unsupported, name,
                std::string("this quantization (modelopt) is not supported; ") + kSupported + ".");
        }
        const auto text = readTextFile(directory / name, name, kConfigFileBytes);
        if (!text) {
            return text.error();
        }
        const auto root = parseJsonObject<Json>(*text, name);
        if (!root) {
            return root.error();
        }
        if (name != std::string("config.json")) {
            return parse(*root, name, "");
        }
        FieldReader fields(*root, name);
        if (fields.has("quantization_config")) {
            const Json& object = (*root)["quantization_config"];
            if (!object.is_object()) {
                return fileError(ErrorCode::fileCorrupt, name,
                                 "quantization_config is not an object.");
            }
            return parse(object, name, "quantization_config.");
        }
    }
    return QuantizationConfig{};
}

Result<GptqParameters> QuantizationConfig::forModule(const std::string& name) const {
    for (const auto& rule : m_rules) {
        const int matched = matchAtStart(rule->pattern.get(), name);
        if (matched < 0) {
            return fileError(ErrorCode::unsupported, m_where,
                             m_path + "dynamic: the rule " + quoted(rule->key) +
                                 " cannot be decided for " + name + " (" + pcreMessage(matched) +
                                 ").");
        }
        if (matched > 0) {
            return rule->parameters;
        }
    }
    return m_base;
}

}  // namespace apertura
