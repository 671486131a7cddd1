// Every damaged checkpoint is refused by the loader with one sentence that names the file and the
// field.
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "inference/weights/checkpoint.h"
#include "tests/support/cases.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

struct Refusal {
    const char* folder;
    const char* file;
    const char* field;
};

const char* const kModel = "model.safetensors";
const char* const kIndex = "model.safetensors.index.json";
const char* const kConfig = "config.json";
const char* const kQuantize = "quantize_config.json";
const char* const kSidecar = "model.safetensors.index.json.meta.json";
const char* const kShard = "model-00001-of-00001.safetensors";
const char* const kAdapter = "adapter/adapter_model.safetensors";
const char* const kUp = "model.layers.0.mlp.up_proj";

const std::vector<Refusal> kRefusals = {
    {"st-empty", kModel, "header length"},
    {"st-seven-bytes", kModel, "header length"},
    {"st-header-beyond-file", kModel, "header length"},
    {"st-header-2pow63", kModel, "header length"},
    {"st-header-cut", kModel, "JSON"},
    {"st-header-not-json", kModel, "JSON"},
    {"st-header-array", kModel, "JSON"},
    {"st-header-deep", kModel, "JSON"},
    {"st-duplicate-name", kModel, "model.norm.weight"},
    {"st-overlap", kModel, "data_offsets"},
    {"st-offset-beyond", kModel, "up_proj.weight has data_offsets"},
    {"st-offset-negative", kModel, "up_proj.weight has data_offsets"},
    {"st-offset-reversed", kModel, "up_proj.weight has data_offsets"},
    {"st-offset-hole", kModel, "data_offsets"},
    {"st-offset-text", kModel, "up_proj.weight has data_offsets"},
    {"st-trailing-bytes", kModel, "file size"},
    {"st-cut-download", kModel, "file size"},
    {"st-dtype-unknown", kModel, "up_proj.weight has the unknown dtype F13"},
    {"st-dtype-size", kModel, "up_proj.weight has shape"},
    {"st-shape-bytes", kModel, "up_proj.weight has shape"},
    {"st-shape-overflow", kModel, "model.norm.weight has shape"},
    {"st-shape-negative", kModel, "up_proj.weight has a shape"},
    {"symlink-loop", kModel, "file"},
    {"weights-missing", kModel, "file"},
    {"index-not-json", kIndex, "JSON"},
    {"index-empty", kIndex, "weight_map"},
    {"index-wrong-type", kIndex, "weight_map"},
    {"index-shard-missing", "model-00002-of-00002.safetensors", "file"},
    {"index-tensor-not-in-shard", kIndex, "model.norm.weight"},
    {"index-traversal", kIndex, "../index-not-json"},
    {"index-traversal-far", kIndex, "../../x"},
    {"index-absolute", kIndex, "weight_map names the shard \"/"},
    {"index-shard-folder", "model-00002-of-00002.safetensors", "file"},
    {"config-missing", kConfig, "file"},
    {"config-empty", kConfig, "JSON"},
    {"config-not-json", kConfig, "JSON"},
    {"config-array", kConfig, "root"},
    {"config-deep", kConfig, "JSON"},
    {"config-hidden-text", kConfig, "hidden_size"},
    {"config-hidden-negative", kConfig, "hidden_size"},
    {"config-hidden-zero", kConfig, "hidden_size"},
    {"config-hidden-1e18", kConfig, "hidden_size"},
    {"config-hidden-fraction", kConfig, "hidden_size"},
    {"config-hidden-missing", kConfig, "hidden_size"},
    {"config-layers-billion", kConfig, "num_hidden_layers"},
    {"config-heads-3-for-4", kConfig, "num_key_value_heads"},
    {"config-head-dim-odd", kConfig, "head_dim"},
    {"config-model-type-llama", kConfig, "model_type"},
    {"config-act-silu", kConfig, "hidden_act"},
    {"config-rope-yarn", kConfig, "rope_type"},
    {"config-rope-no-factor", kConfig, "rope_parameters.factor"},
    {"quant-awq", kConfig, "quantization_config.quant_method"},
    {"quant-fp8", kConfig, "quantization_config.quant_method"},
    {"quant-compressed-tensors", kConfig, "quantization_config.quant_method"},
    {"quant-bitsandbytes", kConfig, "quantization_config.quant_method"},
    {"quant-nvfp4-modelopt", kConfig, "quantization_config.quant_method"},
    {"gguf-only", "apertus-tiny-Q4_K_M.gguf", "GGUF"},
    {"gptq-bits-5", kQuantize, "bits"},
    {"gptq-group-0", kQuantize, "group_size"},
    {"gptq-group-7", kQuantize, "group_size"},
    {"gptq-group-24", kQuantize, "group_size"},
    {"gptq-format-unknown", kQuantize, "checkpoint_format"},
    {"gptq-qweight-shape", kModel, ".qweight"},
    {"gptq-qzeros-missing", kModel, "model.layers.0.mlp.up_proj.qzeros"},
    {"gptq-zero-words", kModel, ".qzeros"},
    {"gptq-g-idx-range", kModel, "model.layers.0.mlp.down_proj.g_idx"},
    {"gptq-g-idx-negative", kModel, "model.layers.0.mlp.down_proj.g_idx"},
    {"gptq-scales-shape", kModel, "model.layers.0.mlp.down_proj.scales"},
    {"gptq-scales-nan", kModel, "model.layers.0.mlp.up_proj.scales"},
    {"gptq-scales-inf", kModel, "model.layers.0.mlp.up_proj.scales"},
    {"gptq-rule-invalid", kQuantize, "dynamic: the rule"},
    {"gptq-rule-catastrophic", kQuantize, "dynamic: the rule"},
    {"gptq-rule-wrong-type", kQuantize, "dynamic: the rule"},
    {"adapter-rank-mismatch", kAdapter, "q_proj.lora_B"},
    {"adapter-b-missing", kAdapter, "q_proj.lora_B"},
    {"adapter-in-features", kAdapter, "q_proj.lora_A"},
    {"adapter-unknown-module", kAdapter, "model.layers.7.mlp.up_proj"},
    {"sinq-sidecar-missing", kSidecar, "file"},
    {"sinq-sidecar-not-json", kSidecar, "JSON"},
    {"sinq-entry-missing", kSidecar, kUp},
    {"sinq-nbits-7", kSidecar, "model.layers.0.mlp.up_proj: nbits"},
    {"sinq-packing-unknown", kSidecar, "model.layers.0.mlp.up_proj: packing"},
    {"sinq-group-40", kSidecar, "model.layers.0.mlp.up_proj: group_size"},
    {"sinq-shape-wrong", kSidecar, "model.layers.0.mlp.up_proj: shape"},
    {"sinq-wq-short", kShard, "model.layers.0.mlp.up_proj.W_q"},
    {"sinq-scale-s-shape", kShard, "model.layers.0.mlp.up_proj.meta.scale.s"},
    {"sinq-scale-nan", kShard, "model.layers.0.mlp.up_proj.meta.scale.s"},
    {"sinq-zero-missing", kShard, "model.layers.0.mlp.up_proj.meta.zero.x"},
    {"tensor-missing", kModel, "model.layers.0.mlp.down_proj.weight"},
    {"tensor-lm-head-missing", kModel, "lm_head.weight"},
    {"tensor-shape-wrong", kModel, "model.layers.0.mlp.up_proj.weight has shape"},
    {"tensor-dtype-int", kModel, "model.norm.weight has dtype"},
};

// What only the tokenizer beside the weights, or a first step of the model, can tell.
bool isForOthers(const std::string& folder) {
    return folder.starts_with("tok-") || folder == "config-vocab-below-tokenizer" ||
           folder == "tensor-nan-embedding";
}

void isRefusedByFileAndField(const fs::path& folder, const Refusal& refusal, Findings& findings) {
    const auto loaded = loadCheckpoint({folder, {}}, {}, {});
    if (loaded.ok()) {
        findings.fail("loaded");
        return;
    }
    const std::string& message = loaded.error().message;
    for (const char* word : {refusal.file, refusal.field}) {
        findings.verify(message.find(word) != std::string::npos,
                        "\"" + message + "\" does not name " + word);
    }
    findings.verify(message.ends_with('.') && message.find('\n') == std::string::npos,
                    "\"" + message + "\" is not one sentence");
}

}  // namespace

std::vector<Case> cases() {
    std::map<std::string, Refusal> byFolder;
    for (const Refusal& refusal : kRefusals) {
        byFolder[refusal.folder] = refusal;
    }
    std::vector<Case> all;
    for (const fs::path& root : findGoldens("models/broken")) {
        for (const auto& entry : fs::directory_iterator(root)) {
            const std::string name = entry.path().filename().string();
            if (!entry.is_directory() || isForOthers(name)) {
                continue;
            }
            const auto refusal = byFolder.find(name);
            if (refusal == byFolder.end()) {
                all.push_back({"everyDamagedFolderIsKnown: " + name, [name](Findings& findings) {
                                   findings.fail(name + " is not in this test's table");
                               }});
                continue;
            }
            all.push_back({"isRefusedByFileAndField: " + name,
                           [folder = entry.path(), expected = refusal->second](Findings& findings) {
                               isRefusedByFileAndField(folder, expected, findings);
                           }});
        }
    }
    return all;
}

}  // namespace apertura::test
