#include "inference/model/template_source.h"

#include "inference/weights/json_fields.h"

namespace apertura {

namespace fs = std::filesystem;

const std::string_view kPlainChatTemplate =
    "{% for m in messages -%}\n"
    "{{ m['role'] }}: {{ m['content'] }}\n"
    "{% endfor -%}\n"
    "{% if add_generation_prompt %}assistant: {% endif %}";
const std::string_view kPlainTemplateStop = "\nuser:";

namespace {

constexpr const char* kTemplateFile = "chat_template.jinja";
constexpr const char* kConfigFile = "tokenizer_config.json";
constexpr std::int64_t kMaxTemplateBytes = std::int64_t{4} << 20;

Result<TemplateSource> fromList(const nlohmann::json& list) {
    const nlohmann::json* chosen = nullptr;
    for (const auto& entry : list) {
        if (!entry.is_object() || !entry.contains("template") || !entry["template"].is_string()) {
            return fileError(ErrorCode::fileCorrupt, kConfigFile,
                             "chat_template is a list, but an entry of it has no text `template`.");
        }
        if (chosen == nullptr || entry.value("name", nlohmann::json()) == "default") {
            chosen = &entry;
        }
    }
    if (chosen == nullptr) {
        return TemplateSource{std::string(kPlainChatTemplate), {}};
    }
    return TemplateSource{(*chosen)["template"].get<std::string>(), kConfigFile};
}

}  // namespace

Result<TemplateSource> findChatTemplate(const fs::path& directory) {
    if (isThere(directory / kTemplateFile)) {
        auto text = readTextFile(directory / kTemplateFile, kTemplateFile, kMaxTemplateBytes);
        if (!text) {
            return text.error();
        }
        return TemplateSource{std::move(*text), kTemplateFile};
    }
    if (isThere(directory / kConfigFile)) {
        const auto text = readTextFile(directory / kConfigFile, kConfigFile, kMaxTemplateBytes);
        if (!text) {
            return text.error();
        }
        const auto config = parseJsonObject<nlohmann::json>(*text, kConfigFile);
        if (!config) {
            return config.error();
        }
        const auto found = config->find("chat_template");
        if (found != config->end() && found->is_array()) {
            return fromList(*found);
        }
        if (found != config->end() && found->is_string()) {
            return TemplateSource{found->get<std::string>(), kConfigFile};
        }
        if (found != config->end() && !found->is_null()) {
            return fileError(ErrorCode::fileCorrupt, kConfigFile,
                             "chat_template is neither a text nor a list of named texts.");
        }
    }
    return TemplateSource{std::string(kPlainChatTemplate), {}};
}

}  // namespace apertura
