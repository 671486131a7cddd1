// tokenizer.json from any bytes: refused with a sentence, or a tokenizer that encodes and decodes
// without harm.
#include <cstddef>
#include <cstdint>
#include <string>

#include "inference/text/byte_level_tokenizer.h"
#include "kernels/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string json(reinterpret_cast<const char*>(data), size);
    const auto tokenizer = apertura::ByteLevelTokenizer::read(json, {});
    if (!tokenizer.ok()) {
        CHECK(tokenizer.error().message.starts_with("tokenizer.json: "));
        return 0;
    }
    const std::string text =
        "The <think>herons</s> in\xC3\xA9 \xFF  12\n\n<|user_start|>\\begin{a}";
    for (const bool special : {true, false}) {
        for (const apertura::TokenId id : (*tokenizer)->encode(text, {special, true})) {
            CHECK(id >= 0 && id < (*tokenizer)->size());
        }
    }
    return 0;
}
