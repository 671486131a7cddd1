// apertura-cli render: messages through a chat template.
#include "app/cli/commands.h"
#include "app/cli/input.h"
#include "app/cli/options.h"
#include "app/cli/output.h"
#include "inference/model/template_source.h"
#include "inference/text/chat_template.h"
#include "inference/text/tokenizer.h"

namespace apertura::cli {

namespace {

struct Flags {
    std::string directory;
    std::string messagesFile;
    TemplateFlags templateFlags;
    bool noGenerationPrompt = false;
    bool json = false;
    bool jsonLines = false;
};

// The template's own text of a JSON member; nothing where it is absent or null.
std::optional<std::string> jsonMember(const Json& request, const char* name) {
    const auto found = request.find(name);
    if (found == request.end() || found->is_null()) {
        return std::nullopt;
    }
    return found->dump(-1, ' ', false, Json::error_handler_t::replace);
}

// Renders through a given template or the folder's own.
class Renderer {
public:
    Renderer(std::string directory, std::shared_ptr<const Tokenizer> tokenizer)
        : m_directory(std::move(directory)), m_tokenizer(std::move(tokenizer)) {}

    // bos_token and eos_token as the model spells them, where `variables` has none of its own.
    void addModelTokens(Json& variables) const {
        if (!variables.contains("bos_token")) {
            variables["bos_token"] = m_tokenizer->bosText();
        }
        if (!variables.contains("eos_token")) {
            variables["eos_token"] = m_tokenizer->eosText();
        }
    }

    Result<std::string> render(const std::optional<std::string>& templateText, TemplateInput input,
                               const Json& variables) const {
        input.variablesJson = variables.dump(-1, ' ', false, Json::error_handler_t::replace);
        std::string source;
        if (templateText) {
            source = *templateText;
        } else {
            auto found = findChatTemplate(m_directory);
            if (!found) {
                return found.error();
            }
            source = std::move(found->text);
        }
        const auto parsed = ChatTemplate::parse(source);
        return parsed ? parsed->render(input) : parsed.error();
    }

private:
    std::string m_directory;
    std::shared_ptr<const Tokenizer> m_tokenizer;
};

Result<Json> answer(const Renderer& renderer, const Json& request) {
    const auto templateText = textMember(request, "template_text");
    if (!templateText) {
        return templateText.error();
    }
    const auto given = request.find("variables");
    const bool hasVariables = given != request.end() && !given->is_null();
    if (hasVariables && !given->is_object()) {
        return Error{ErrorCode::invalidRequest, "The request's variables must be an object."};
    }
    Json variables = hasVariables ? *given : Json::object();
    // A request that brings both template and variables is complete: what it leaves out is
    // undefined, as the recorded renderings have it.
    if (!*templateText || !hasVariables) {
        renderer.addModelTokens(variables);
    }
    TemplateInput input;
    input.messagesJson = jsonMember(request, "messages").value_or("[]");
    input.toolsJson = jsonMember(request, "tools");
    input.documentsJson = jsonMember(request, "documents");
    const auto text = renderer.render(*templateText, std::move(input), variables);
    if (!text) {
        return text.error();
    }
    return Json{{"text", *text}};
}

Result<void> renderFile(const Flags& flags, const Renderer& renderer) {
    const auto messages = readJsonArrayFile(flags.messagesFile);
    if (!messages) {
        return messages.error();
    }
    const auto prompt = flags.templateFlags.prompt();
    if (!prompt) {
        return prompt.error();
    }
    Json variables = {{"enable_thinking", prompt->thinking}};
    if (prompt->date) {
        variables["date"] = *prompt->date;
    }
    renderer.addModelTokens(variables);
    TemplateInput input;
    input.messagesJson = *messages;
    input.toolsJson = prompt->toolsJson;
    input.addGenerationPrompt = !flags.noGenerationPrompt;
    const auto text = renderer.render(prompt->templateSource, std::move(input), variables);
    if (!text) {
        return text.error();
    }
    if (flags.json) {
        printJson({{"text", *text}});
    } else {
        printText(*text);
    }
    return {};
}

Result<void> run(const Flags& flags) {
    auto tokenizer = loadTokenizer(flags.directory);
    if (!tokenizer) {
        return tokenizer.error();
    }
    const Renderer renderer(flags.directory, *std::move(tokenizer));
    if (flags.jsonLines) {
        answerLines([&](const Json& request) { return answer(renderer, request); });
        return {};
    }
    return renderFile(flags, renderer);
}

}  // namespace

Command addRender(CLI::App& program) {
    auto flags = std::make_shared<Flags>();
    CLI::App* app = program.add_subcommand("render", "Messages through the chat template");
    app->add_option("MODEL_DIR", flags->directory, "A folder with tokenizer and template")
        ->required();
    auto* input = app->add_option_group("input");
    auto* messages = input->add_option("--messages", flags->messagesFile,
                                       "A JSON file with an array of messages");
    auto* lines =
        input->add_flag("--jsonl", flags->jsonLines,
                        "Answer requests on standard input, one a line: "
                        R"({"template_text":..,"messages":[..],"tools":[..],"variables":{..}})");
    messages->excludes(lines);
    input->require_option(1);
    flags->templateFlags.addTo(*app);
    app->add_flag("--no-generation-prompt", flags->noGenerationPrompt,
                  "Do not open the assistant's turn");
    app->add_flag("--json", flags->json, R"(Print {"text":..})");
    return {app, [flags] { return run(*flags); }};
}

}  // namespace apertura::cli
