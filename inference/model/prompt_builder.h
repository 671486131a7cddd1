// From what is asked to the ids that the model reads.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "inference/engine.h"
#include "inference/model/template_source.h"
#include "inference/text/chat_template.h"
#include "inference/text/tokenizer.h"

namespace apertura {

using PromptContent = std::variant<ChatPrompt, TextPrompt, IdsPrompt>;

struct BuiltPrompt {
    std::vector<TokenId> ids;
    SpanKind begin = SpanKind::response;  // what the answer's first text is
    std::vector<std::string> stops;       // stop strings where the request names none
};

// Threads: const members from any thread at once.
class PromptBuilder {
public:
    // A template that cannot be read or parsed fails the prompts through it, nothing else.
    PromptBuilder(std::shared_ptr<const Tokenizer> tokenizer, const Result<TemplateSource>& source);

    // Whether the checkpoint brings a template, good or bad.
    bool hasOwnTemplate() const { return m_hasOwnTemplate; }
    const std::string& templateSource() const { return m_templateSource; }
    // One sentence each: no template, or one that does not parse.
    const std::vector<std::string>& warnings() const { return m_warnings; }

    // Errors: invalidRequest (the template fails; no ids; an id outside `inputVocabulary`).
    Result<BuiltPrompt> build(const PromptContent& content, std::int64_t inputVocabulary) const;

private:
    Result<BuiltPrompt> buildChat(const ChatPrompt& prompt) const;
    Result<std::string> render(const ChatPrompt& prompt) const;
    SpanKind kindAfter(const std::vector<TokenId>& ids) const;

    std::shared_ptr<const Tokenizer> m_tokenizer;
    bool m_hasOwnTemplate = false;
    std::string m_templateSource;
    std::optional<Result<ChatTemplate>> m_template;
    std::vector<std::string> m_warnings;
};

// Errors: invalidRequest: an id outside [0, inputVocabulary).
Result<void> checkIds(std::span<const TokenId> ids, std::int64_t inputVocabulary);

struct ShorterChat {
    std::string messagesJson;
    std::int64_t dropped = 0;  // messages
};

// The messages without the oldest turn, which is the first message that is no system message and
// all up to the next of the user. Nothing where only the last turn is left.
std::optional<ShorterChat> withoutOldestTurn(const std::string& messagesJson);

}  // namespace apertura
