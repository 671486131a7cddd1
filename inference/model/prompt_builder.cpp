#include "inference/model/prompt_builder.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "inference/text/span_parser.h"
#include "inference/text/text_stream.h"

namespace apertura {

namespace {

// Parses what cannot fail to be JSON of ours or of the caller; discarded where it is not.
nlohmann::ordered_json parsed(const std::string& text) {
    return nlohmann::ordered_json::parse(text, nullptr, false);
}

bool hasRole(const nlohmann::ordered_json& message, const char* role) {
    return message.is_object() && message.contains("role") && message["role"] == role;
}

}  // namespace

PromptBuilder::PromptBuilder(std::shared_ptr<const Tokenizer> tokenizer,
                             const Result<TemplateSource>& source)
    : m_tokenizer(std::move(tokenizer)) {
    if (!source) {
        m_hasOwnTemplate = true;
        m_template = source.error();
        m_warnings.push_back(source.error().message);
        return;
    }
    m_hasOwnTemplate = !source->file.empty();
    m_templateSource = source->text;
    m_template = ChatTemplate::parse(source->text);
    if (!m_hasOwnTemplate) {
        m_warnings.emplace_back(
            "chat_template.jinja: the checkpoint has no chat template, so a plain one is used, a "
            "line for each message.");
    } else if (!m_template->ok()) {
        const Error& error = m_template->error();
        m_template = Error{error.code, source->file + ": " + error.message, error.line};
        m_warnings.push_back(
            source->file + ": line " + std::to_string(error.line) +
            ": the chat template does not parse, so prompts through it fail: " + error.message);
    }
}

Result<BuiltPrompt> PromptBuilder::build(const PromptContent& content,
                                         std::int64_t inputVocabulary) const {
    BuiltPrompt prompt;
    if (const auto* chat = std::get_if<ChatPrompt>(&content)) {
        auto built = buildChat(*chat);
        if (!built) {
            return built.error();
        }
        prompt = std::move(*built);
    } else if (const auto* text = std::get_if<TextPrompt>(&content)) {
        prompt.ids = m_tokenizer->encode(text->text, {.specialTokens = true, .addBos = true});
    } else {
        prompt.ids = std::get<IdsPrompt>(content).ids;
    }
    if (prompt.ids.empty()) {
        return Error{ErrorCode::invalidRequest, "The prompt is empty."};
    }
    if (auto checked = checkIds(prompt.ids, inputVocabulary); !checked) {
        return checked.error();
    }
    return prompt;
}

Result<BuiltPrompt> PromptBuilder::buildChat(const ChatPrompt& prompt) const {
    const auto text = render(prompt);
    if (!text) {
        return text.error();
    }
    BuiltPrompt built;
    built.ids = m_tokenizer->encode(*text, {.specialTokens = true, .addBos = false});
    // Some templates write BOS themselves, others leave it to the post-processor: there is to be
    // one.
    const auto bos = m_tokenizer->bosToken();
    if (bos && (built.ids.empty() || built.ids.front() != *bos)) {
        built.ids.insert(built.ids.begin(), *bos);
    }
    if (!m_hasOwnTemplate && !prompt.templateSource) {
        built.stops.emplace_back(kPlainTemplateStop);
    }
    built.begin = kindAfter(built.ids);
    return built;
}

Result<std::string> PromptBuilder::render(const ChatPrompt& prompt) const {
    nlohmann::ordered_json variables = {{"bos_token", m_tokenizer->bosText()},
                                        {"eos_token", m_tokenizer->eosText()},
                                        {"enable_thinking", prompt.thinking}};
    if (prompt.date) {
        variables["date"] = *prompt.date;
    }
    TemplateInput input;
    input.messagesJson = prompt.messagesJson;
    input.toolsJson = prompt.toolsJson;
    input.addGenerationPrompt = prompt.addGenerationPrompt;
    input.variablesJson =
        variables.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    if (prompt.templateSource) {
        const auto own = ChatTemplate::parse(*prompt.templateSource);
        return own ? own->render(input) : own.error();
    }
    return *m_template ? (*m_template)->render(input) : m_template->error();
}

// A turn of the assistant that is already open may have begun to deliberate: a template can open
// the deliberation itself, and a turn goes on after a tool's output.
SpanKind PromptBuilder::kindAfter(const std::vector<TokenId>& ids) const {
    std::optional<TokenId> start = m_tokenizer->find("<|assistant_start|>");
    if (!start) {
        start = m_tokenizer->find("<SPECIAL_67>");  // its name in the v1.1 minis
    }
    const auto last = start ? std::find(ids.rbegin(), ids.rend(), *start) : ids.rend();
    if (last == ids.rend()) {
        return SpanKind::response;
    }
    SpanParser parser(*m_tokenizer);
    TextStream stream;
    for (auto id = last.base(); id != ids.end(); ++id) {
        parser.push(*id, stream.push(m_tokenizer->bytes(*id)));
    }
    return parser.kind();
}

Result<void> checkIds(std::span<const TokenId> ids, std::int64_t inputVocabulary) {
    for (const TokenId id : ids) {
        if (id < 0 || id >= inputVocabulary) {
            return Error{ErrorCode::invalidRequest, "There is the id " + std::to_string(id) +
                                                        ", but the model's ids are 0 to " +
                                                        std::to_string(inputVocabulary - 1) + "."};
        }
    }
    return {};
}

std::optional<ShorterChat> withoutOldestTurn(const std::string& messagesJson) {
    auto messages = parsed(messagesJson);
    if (!messages.is_array()) {
        return std::nullopt;
    }
    const auto first = std::find_if(messages.begin(), messages.end(), [](const auto& message) {
        return !hasRole(message, "system");
    });
    if (first == messages.end()) {
        return std::nullopt;
    }
    const auto next = std::find_if(first + 1, messages.end(),
                                   [](const auto& message) { return hasRole(message, "user"); });
    if (next == messages.end()) {
        return std::nullopt;
    }
    ShorterChat shorter;
    shorter.dropped = next - first;
    messages.erase(first, next);
    shorter.messagesJson =
        messages.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
    return shorter;
}

}  // namespace apertura
