// A checkpoint's chat template: Jinja, rendered exactly as transformers' apply_chat_template does.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "inference/status.h"

namespace apertura {

// What a template sees. JSON texts are UTF-8; objects keep the order of their keys.
struct TemplateInput {
    std::string messagesJson = "[]";
    std::optional<std::string> toolsJson;      // absent = none (but defined)
    std::optional<std::string> documentsJson;  // likewise
    bool addGenerationPrompt = false;
    // An object whose members become variables of their own (bos_token, eos_token, enable_thinking,
    // ..); its member "date" (ISO day) also fixes strftime_now.
    std::string variablesJson = "{}";
};

// Threads: render may be called from any thread at once.
class ChatTemplate {
public:
    // Errors: invalidRequest with Error::line, the sentence names line and construct.
    static Result<ChatTemplate> parse(const std::string& source);

    // Errors: invalidRequest (the template's own raise_exception, an undefined value, bad JSON, a
    // limit reached: steps, size, nesting, recursion or time), with Error::line where it is known.
    Result<std::string> render(const TemplateInput& input) const;

    const std::string& source() const;

    struct Program;  // the parsed template, known to text/template only

private:
    explicit ChatTemplate(std::shared_ptr<const Program> program);
    std::shared_ptr<const Program> m_program;
};

}  // namespace apertura
