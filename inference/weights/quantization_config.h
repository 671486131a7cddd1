// How a checkpoint says that it is quantized: quantize_config.json, quant_config.json, or
// quantization_config in config.json, in this order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "inference/status.h"
#include "inference/weights/json_fields.h"

namespace apertura {

// How one module is quantized by GPTQ.
struct GptqParameters {
    bool quantized = true;         // false: a rule leaves the module dense
    int bits = 4;                  // 2, 3, 4 or 8
    std::int64_t groupSize = 128;  // inputs per scale; -1 = the whole row
    bool symmetric = true;         // every zero is 2^(bits - 1)
    bool actOrder = false;         // `desc_act`: groups are not runs of inputs
};

enum class QuantizationMethod { none, gptq, sinq };

class QuantizationConfig {
public:
    // A checkpoint without any of the files or fields is of method none.
    // Errors: fileMissing, fileCorrupt; unsupported (another method, format or width, named).
    static Result<QuantizationConfig> read(const std::filesystem::path& directory);
    // The object itself. `where` begins sentences, `path` comes before field names.
    static Result<QuantizationConfig> parse(const Json& object, const std::string& where,
                                            const std::string& path);

    QuantizationMethod method() const { return m_method; }
    // Whether the file's zeros are one less than the true ones (checkpoint_format "gptq", not
    // "gptq_v2").
    bool zerosAreLessOne() const { return m_zerosAreLessOne; }
    const std::string& where() const { return m_where; }
    const std::string& path() const { return m_path; }

    // The parameters of a module, by the name that the file gives it. The rules of `dynamic` are
    // regular expressions, matched at the start of the name: first those that begin with '-', which
    // leave a module dense, then the others in the order of the file; the first that matches
    // decides, even without overrides. Errors: unsupported (a rule that exceeds the match limit),
    // or as read() for what a rule sets.
    Result<GptqParameters> forModule(const std::string& name) const;

private:
    struct Rule;

    Result<void> parseGptq(const Json& object);
    Result<void> parseRules(const Json& dynamic);

    QuantizationMethod m_method = QuantizationMethod::none;
    std::string m_where;
    std::string m_path;
    bool m_zerosAreLessOne = true;
    GptqParameters m_base;
    std::vector<std::shared_ptr<const Rule>> m_rules;  // in the order they are tried
};

}  // namespace apertura
