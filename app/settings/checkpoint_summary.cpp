#include "app/settings/checkpoint_summary.h"

#include <optional>
#include <utility>
#include <vector>

#include "inference/engine.h"
#include "inference/weights/linear_loader.h"
#include "inference/weights/model_config.h"
#include "inference/weights/precision_text.h"
#include "inference/weights/quantization_config.h"
#include "inference/weights/sinq_sidecar.h"
#include "inference/weights/tensor_set.h"

namespace apertura {
namespace {

namespace fs = std::filesystem;

constexpr const char* kAdapterFile = "adapter/adapter_model.safetensors";

std::vector<LinearShape> linearsOf(const ModelConfig& config) {
    const std::int64_t hidden = config.hiddenSize;
    const std::int64_t feedForward = config.intermediateSize;
    const std::int64_t queries = config.numAttentionHeads * config.headDim;
    const std::int64_t keys = config.numKeyValueHeads * config.headDim;
    std::vector<LinearShape> linears;
    for (std::int64_t layer = 0; layer < config.numHiddenLayers; ++layer) {
        const std::string prefix = "model.layers." + std::to_string(layer) + ".";
        linears.insert(linears.end(), {{prefix + "self_attn.q_proj", queries, hidden},
                                       {prefix + "self_attn.k_proj", keys, hidden},
                                       {prefix + "self_attn.v_proj", keys, hidden},
                                       {prefix + "self_attn.o_proj", hidden, queries},
                                       {prefix + "mlp.up_proj", feedForward, hidden},
                                       {prefix + "mlp.down_proj", hidden, feedForward}});
    }
    return linears;
}

// Looks at the tensors of every linear, as the loader does, without reading them.
class Summary {
public:
    Summary(const ModelConfig& config, const QuantizationConfig& quantization, TensorSet& tensors,
            const SinqSidecar& sidecar, const TensorSet* adapter)
        : m_config(config),
          m_quantization(quantization),
          m_tensors(tensors),
          m_sidecar(sidecar),
          m_adapter(adapter) {}

    Result<std::string> precision() {
        std::vector<ModuleInfo> modules;
        for (const LinearShape& linear : linearsOf(m_config)) {
            Result<ModuleInfo> module = describe(linear);
            if (!module) {
                return module.error();
            }
            modules.push_back(std::move(*module));
        }
        return precisionText(modules);
    }

private:
    Result<ModuleInfo> describe(const LinearShape& linear) {
        const std::string& name = linear.name;
        ModuleInfo info;
        info.name = name;
        info.adapterRank = hasAdapter(name) ? 1 : 0;
        if (const Tensor* codes = m_tensors.find(name + ".qweight")) {
            return describeGptq(*codes, linear, std::move(info));
        }
        if (m_tensors.contains(name + ".W_q")) {
            return describeSinq(linear, std::move(info));
        }
        const Tensor* weight = m_tensors.find(name + ".weight");
        if (!weight) {
            return m_tensors.missing(name + ".weight");
        }
        switch (weight->type()) {
            case TensorType::f16:
                info.format = "fp16";
                break;
            case TensorType::f32:
                info.format = "fp32";
                break;
            default:
                info.format = tensorTypeName(weight->type());
                break;
        }
        return info;
    }

    bool hasAdapter(const std::string& name) const {
        return m_tensors.contains(name + ".lora_A") ||
               (m_adapter && m_adapter->contains(name + ".lora_A.weight"));
    }

    Result<ModuleInfo> describeGptq(const Tensor& codes, const LinearShape& linear,
                                    ModuleInfo info) const {
        const std::string& stored = codes.entry->name;
        const auto parameters = m_quantization.forModule(stored.substr(0, stored.rfind('.')));
        if (!parameters) {
            return parameters.error();
        }
        info.format = "gptq";
        info.bits = parameters->bits;
        const bool wholeRow = parameters->groupSize < 0;
        info.groupSize = wholeRow ? linear.inputs : parameters->groupSize;
        return info;
    }

    Result<ModuleInfo> describeSinq(const LinearShape& linear, ModuleInfo info) const {
        const auto parameters = m_sidecar.parametersOf(linear);
        if (!parameters) {
            return parameters.error();
        }
        info.format = formatName(parameters->levels);
        info.bits = parameters->declaredBits;
        info.groupSize = parameters->groupSize;
        return info;
    }

    const ModelConfig& m_config;
    const QuantizationConfig& m_quantization;
    TensorSet& m_tensors;
    const SinqSidecar& m_sidecar;
    const TensorSet* m_adapter;
};

std::int64_t bytesOf(const TensorSet& tensors) {
    std::int64_t bytes = 0;
    for (const auto& file : tensors.files()) {
        bytes += static_cast<std::int64_t>(file->file.bytes().size());
    }
    return bytes;
}

}  // namespace

Result<CheckpointSummary> summarizeCheckpoint(const fs::path& directory) {
    const auto config = readModelConfig(directory);
    if (!config) {
        return config.error();
    }
    const auto quantization = QuantizationConfig::read(directory);
    if (!quantization) {
        return quantization.error();
    }
    auto tensors = TensorSet::open(directory);
    if (!tensors) {
        return tensors.error();
    }
    const auto sidecar = SinqSidecar::read(directory);
    if (!sidecar) {
        return sidecar.error();
    }
    std::optional<TensorSet> adapter;
    std::error_code ignored;
    if (fs::exists(directory / kAdapterFile, ignored)) {
        auto opened = TensorSet::openFile(directory / kAdapterFile, kAdapterFile);
        if (!opened) {
            return opened.error();
        }
        adapter.emplace(std::move(*opened));
    }
    auto precision =
        Summary(*config, *quantization, *tensors, *sidecar, adapter ? &*adapter : nullptr)
            .precision();
    if (!precision) {
        return precision.error();
    }
    const std::int64_t bytes = bytesOf(*tensors) + (adapter ? bytesOf(*adapter) : 0);
    return CheckpointSummary{std::move(*precision), bytes};
}

}  // namespace apertura
