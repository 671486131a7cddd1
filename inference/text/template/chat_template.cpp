#include "inference/text/chat_template.h"

#include <new>
#include <utility>

#include "inference/text/template/interpreter.h"
#include "inference/text/template/parser.h"
#include "inference/text/template/text.h"

namespace apertura {

struct ChatTemplate::Program {
    std::string source;
    jinja::Template parsed;
};

namespace {

Error templateError(const std::string& message, int line) {
    const std::string place =
        line > 0 ? "Chat template, line " + std::to_string(line) + ": " : "Chat template: ";
    const bool ended =
        !message.empty() && std::string_view(".!?").find(message.back()) != std::string_view::npos;
    return {ErrorCode::invalidRequest, place + message + (ended ? "" : "."), line};
}

Error memoryError() {
    return {ErrorCode::outOfMemory, "There is not enough memory for the chat template.", 0};
}

// `messages`, `tools` and the other variables, as transformers passes them.
void fillEnvironment(jinja::Environment& environment, jinja::Budget& budget,
                     const TemplateInput& input) {
    auto& variables = environment.variables;
    const auto optional = [&](const std::optional<std::string>& json, const char* what) {
        return json ? jinja::fromJson(budget, *json, what) : jinja::Value::none();
    };
    variables["messages"] = jinja::fromJson(budget, input.messagesJson, "the list of messages");
    variables["tools"] = optional(input.toolsJson, "the list of tools");
    variables["documents"] = optional(input.documentsJson, "the list of documents");
    variables["add_generation_prompt"] = jinja::Value::boolean(input.addGenerationPrompt);
    const jinja::Value others =
        jinja::fromJson(budget, input.variablesJson, "the object of variables");
    if (!others.is(jinja::Kind::dict)) {
        jinja::fail("the variables are no JSON object");
    }
    for (const auto& [name, value] : others.as<jinja::DictObject>().entries) {
        variables[name.text()] = value;
        if (name.text() == "date" && value.is(jinja::Kind::text)) {
            environment.date = value.text();
        }
    }
}

}  // namespace

ChatTemplate::ChatTemplate(std::shared_ptr<const Program> program)
    : m_program(std::move(program)) {}

Result<ChatTemplate> ChatTemplate::parse(const std::string& source) {
    try {
        auto program = std::make_shared<Program>();
        program->source = source;
        program->parsed = jinja::parseTemplate(source);
        return ChatTemplate(std::move(program));
    } catch (const jinja::TemplateError& error) {
        return templateError(error.message, error.line);
    } catch (const std::bad_alloc&) {
        return memoryError();
    }
}

Result<std::string> ChatTemplate::render(const TemplateInput& input) const {
    int line = 0;
    try {
        jinja::Budget budget;
        jinja::Interpreter interpreter(m_program->parsed, budget);
        try {
            fillEnvironment(interpreter.environment(), budget, input);
            return interpreter.run();
        } catch (const jinja::TemplateError&) {
            line = interpreter.line();
            throw;
        }
    } catch (const jinja::TemplateError& error) {
        return templateError(error.message, error.line > 0 ? error.line : line);
    } catch (const std::bad_alloc&) {
        return memoryError();
    }
}

const std::string& ChatTemplate::source() const {
    return m_program->source;
}

}  // namespace apertura
