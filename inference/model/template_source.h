// Where a checkpoint keeps its chat template.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "inference/status.h"

namespace apertura {

// For a checkpoint without a template: the plain one of the SINQ card, a line for each message.
extern const std::string_view kPlainChatTemplate;
// Ends an answer through kPlainChatTemplate: a base model goes on with the user's next line itself.
extern const std::string_view kPlainTemplateStop;

struct TemplateSource {
    std::string text;  // Jinja
    std::string
        file;  // the file's name; empty where the checkpoint has none and text is the plain one
};

// chat_template.jinja, else chat_template of tokenizer_config.json (a text, or a list of named
// ones, of which the one named "default", else the first), else the plain one. Errors: fileMissing,
// fileCorrupt: there is a template, but it cannot be read.
Result<TemplateSource> findChatTemplate(const std::filesystem::path& directory);

}  // namespace apertura
