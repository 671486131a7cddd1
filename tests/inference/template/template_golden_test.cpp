// Chat templates against what Jinja2 made of them: every line of templates/*.jsonl below every
// golden root.
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "inference/text/chat_template.h"
#include "tests/support/cases.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string sourceOf(const Json& line, const fs::path& folder) {
    return line.contains("source") ? line["source"].get<std::string>()
                                   : readFile(folder / line["template"].get<std::string>());
}

TemplateInput inputOf(const Json& line) {
    TemplateInput input;
    if (line.contains("messages")) {
        input.messagesJson = line["messages"].dump();
    }
    if (line.contains("tools") && !line["tools"].is_null()) {
        input.toolsJson = line["tools"].dump();
    }
    if (line.contains("variables")) {
        input.variablesJson = line["variables"].dump();
    }
    return input;
}

// What differs, or nothing.
std::string difference(const Json& line, const Result<std::string>& result) {
    const bool mayFail = line.value("either", false);
    if (!result.ok()) {
        const Error& error = result.error();
        if (line.contains("expected") && !mayFail) {
            return "error: " + error.message;
        }
        if (line.contains("line") && !line["line"].is_null() &&
            line["line"].get<int>() != error.line) {
            return "the error is on line " + std::to_string(error.line) + ", not " +
                   std::to_string(line["line"].get<int>()) + ": " + error.message;
        }
        return "";
    }
    if (!line.contains("expected")) {
        return "no error, but the text " + Json(result->substr(0, 200)).dump();
    }
    if (*result != line["expected"].get<std::string>()) {
        return "got " + Json(result->substr(0, 2000)).dump() + "\n  expected " +
               line["expected"].dump().substr(0, 2000);
    }
    return "";
}

Result<std::string> renderLine(const Json& line, const fs::path& folder) {
    const Result<ChatTemplate> chatTemplate = ChatTemplate::parse(sourceOf(line, folder));
    return chatTemplate.ok() ? chatTemplate->render(inputOf(line))
                             : Result<std::string>(chatTemplate.error());
}

void compareAll(Findings& findings, const std::string& name) {
    const auto files = findGoldens(fs::path("templates") / name);
    if (files.empty()) {
        findings.skip("no templates/" + name + " in any golden root");
    }
    for (const fs::path& file : files) {
        std::size_t same = 0;
        for (const std::string& text : readLines(file)) {
            const Json line = Json::parse(text);
            const std::string found = difference(line, renderLine(line, file.parent_path()));
            if (found.empty()) {
                ++same;
            } else {
                findings.fail(line.value("name", "") + ": " +
                              line.value("source", line.value("template", "")).substr(0, 200) +
                              "\n  " + found);
            }
        }
        findings.note(std::to_string(same) + " lines of " + file.string() + " are equal");
    }
}

}  // namespace

std::vector<Case> cases() {
    return {
        {"conversationsRenderAsInJinja2",
         [](Findings& findings) { compareAll(findings, "golden.jsonl"); }},
        {"constructsRenderAsInJinja2",
         [](Findings& findings) { compareAll(findings, "snippets.jsonl"); }},
        {"hostileTemplatesEndInAnError",
         [](Findings& findings) { compareAll(findings, "limits.jsonl"); }},
    };
}

}  // namespace apertura::test
