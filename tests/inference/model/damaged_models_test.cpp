// Checkpoints with a fault, through the engine's public interface: refused with one sentence, or
// loaded with a warning.
#include <algorithm>

#include "inference/engine.h"
#include "tests/support/cases.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

// The error of loading the folder and, where that goes well, of continuing "hi"; empty where
// neither fails.
std::string faultOf(const fs::path& folder) {
    const auto model = makeLocalEngine()->load({folder, {}}, {BackendChoice::reference, 1},
                                               [](const PhaseEvent&) {}, {});
    if (!model) {
        return model.error().message;
    }
    auto session = (*model)->newSession({});
    if (!session) {
        return session.error().message;
    }
    Request request;
    request.prompt = TextPrompt{"hi"};
    request.sampling.maxTokens = 4;
    const auto generation = (*session)->generate(request, [](const Event&) {}, {});
    return generation ? std::string() : generation.error().message;
}

void everyDamagedFolderIsRefusedWithOneSentence(Findings& findings) {
    std::size_t count = 0;
    for (const fs::path& group : findGoldens("models/broken")) {
        for (const auto& entry : fs::directory_iterator(group)) {
            if (!entry.is_directory()) {
                continue;
            }
            const std::string fault = faultOf(entry.path());
            ++count;
            const bool isSentence =
                fault.size() > 20 && fault.back() == '.' && fault.find('\n') == std::string::npos;
            findings.verify(isSentence, entry.path().filename().string() + ": \"" + fault + "\"");
        }
    }
    findings.note(std::to_string(count) + " folders");
    findings.verify(count > 0, "folders");
}

void faultsThatOnlyTheWholeModelShowsAreNamed(Findings& findings) {
    const std::pair<const char*, std::vector<const char*>> cases[] = {
        {"config-vocab-below-tokenizer", {"config.json", "vocab_size"}},
        {"tensor-nan-embedding", {"logits"}},
    };
    bool isAny = false;
    for (const auto& [name, words] : cases) {
        for (const fs::path& folder : findGoldens(fs::path("models/broken") / name)) {
            isAny = true;
            const std::string fault = faultOf(folder);
            for (const char* word : words) {
                findings.verify(fault.find(word) != std::string::npos, fault);
            }
        }
    }
    if (!isAny) {
        findings.skip("models/broken is not at hand");
    }
}

void aTemplateThatDoesNotParseFailsOnlyItsOwnPrompts(Findings& findings) {
    const auto folders = findGoldens("models/odd/template-syntax");
    if (folders.empty()) {
        findings.skip("models/odd is not at hand");
        return;
    }
    auto model = makeLocalEngine()->load({folders.front(), {}}, {}, [](const PhaseEvent&) {}, {});
    CHECK(model.ok());
    const auto& warnings = (*model)->info().warnings;
    findings.verify(std::any_of(warnings.begin(), warnings.end(),
                                [](const std::string& text) {
                                    return text.find("chat_template.jinja") != std::string::npos &&
                                           text.find("line 1") != std::string::npos;
                                }),
                    "warning with file and line");
    auto session = (*model)->newSession({});
    CHECK(session.ok());
    Request request;
    request.sampling.maxTokens = 2;
    request.prompt = TextPrompt{"hi"};
    findings.verify((*session)->generate(request, [](const Event&) {}, {}).ok(), "plain text");
    ChatPrompt prompt;
    prompt.messagesJson = R"([{"role": "user", "content": "hi"}])";
    request.prompt = prompt;
    const auto failed = (*session)->generate(request, [](const Event&) {}, {});
    findings.verify(
        !failed && failed.error().message.find("chat_template.jinja") != std::string::npos, "chat");
}

}  // namespace

std::vector<Case> cases() {
    return {
        {"everyDamagedFolderIsRefusedWithOneSentence", everyDamagedFolderIsRefusedWithOneSentence},
        {"faultsThatOnlyTheWholeModelShowsAreNamed", faultsThatOnlyTheWholeModelShowsAreNamed},
        {"aTemplateThatDoesNotParseFailsOnlyItsOwnPrompts",
         aTemplateThatDoesNotParseFailsOnlyItsOwnPrompts}};
}

}  // namespace apertura::test
