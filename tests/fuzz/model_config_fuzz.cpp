// Arbitrary text as config.json and as quantize_config.json: refused, or within the documented
// ranges.
#include <cstddef>
#include <cstdint>
#include <string>

#include "inference/weights/model_config.h"
#include "inference/weights/quantization_config.h"

namespace {

void checkModelConfig(const std::string& text) {
    const auto config = apertura::parseModelConfig(text);
    if (!config) {
        CHECK(!config.error().message.empty());
        return;
    }
    CHECK(config->hiddenSize > 0 && config->intermediateSize > 0 && config->numHiddenLayers > 0);
    CHECK(config->numAttentionHeads % config->numKeyValueHeads == 0);
    CHECK(config->headDim > 0 && config->headDim % 2 == 0);
    CHECK(config->outputVocabSize > 0 && config->outputVocabSize <= config->vocabSize);
    for (const apertura::TokenId id : config->eosTokenIds) {
        CHECK(id >= 0 && id < config->vocabSize);
    }
}

void checkQuantization(const std::string& text) {
    const auto object = apertura::parseJsonObject<apertura::Json>(text, "quantize_config.json");
    if (!object) {
        return;
    }
    const auto config = apertura::QuantizationConfig::parse(*object, "quantize_config.json", "");
    if (!config) {
        CHECK(!config.error().message.empty());
        return;
    }
    for (const char* module :
         {"model.layers.0.mlp.up_proj", "model.layers.31.self_attn.q_proj", "lm_head"}) {
        const auto parameters = config->forModule(module);
        CHECK(!parameters || parameters->bits == 2 || parameters->bits == 3 ||
              parameters->bits == 4 || parameters->bits == 8);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    checkModelConfig(text);
    checkQuantization(text);
    return 0;
}
