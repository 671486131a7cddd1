// Any bytes as a chat template: parsing and rendering end in text or in an error, and leave nothing
// behind.
#include <cstddef>
#include <cstdint>
#include <string>

#include "inference/text/chat_template.h"

namespace {

apertura::TemplateInput someConversation() {
    apertura::TemplateInput input;
    input.messagesJson = R"([
        {"role": "system", "content": "Be <brief> & kind."},
        {"role": "user", "content": {"parts": [{"type": "text", "text": "Grüezi \ud83d\ude00"}]}},
        {"role": "assistant", "content": null, "tool_calls": [
            {"type": "function", "function": {"name": "f", "arguments": {"a": [1, 2.5, true, null]}}}]},
        {"role": "tool", "content": "{\"t\": 4}"}, {"role": "user", "content": "x"}])";
    input.toolsJson = R"([{"name": "f", "description": "d", "parameters": {"type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "string"}}}, "required": ["a"]}}])";
    input.variablesJson =
        R"({"bos_token": "<s>", "date": "2026-11-21", "enable_thinking": true, "x": [3, 1, 2],
        "s": "abc", "d": {"items": 1, "b": {"c": "v"}}, "n": -7})";
    input.addGenerationPrompt = true;
    return input;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string source(reinterpret_cast<const char*>(data), size);
    const auto chatTemplate = apertura::ChatTemplate::parse(source);
    if (chatTemplate.ok()) {
        static_cast<void>(chatTemplate->render(someConversation()).ok());
    }
    apertura::TemplateInput input;
    input.variablesJson = source;
    static const auto print = apertura::ChatTemplate::parse("{{ x | tojson }}");
    static_cast<void>(print->render(input).ok());
    return 0;
}
