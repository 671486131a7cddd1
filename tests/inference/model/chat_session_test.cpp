// Chats through templates: BOS, spans, and the oldest turns left out.
#include <fstream>

#include "inference/engine.h"
#include "inference/model/loaded_model.h"
#include "inference/model/prompt_builder.h"
#include "inference/model/template_source.h"
#include "tests/support/cases.h"
#include "tests/support/tiny_local_model.h"
#include "tests/support/toy_tokenizer.h"

namespace apertura::test {

namespace {

constexpr const char* kTemplate =
    "{% for m in messages %}{{ m['role'] }}={{ m['content'] }};{% endfor %}"
    "{% if add_generation_prompt %}<|assistant_start|>{% if enable_thinking %}<|inner_prefix|>{% "
    "endif %}"
    "{% endif %}";
constexpr const char* kHi = R"([{"role": "user", "content": "hi"}])";

PromptBuilder builderOf(const std::string& text) {
    return {std::make_shared<ToyTokenizer>(), TemplateSource{text, "chat_template.jinja"}};
}

std::string promptText(const PromptBuilder& builder, const ChatPrompt& prompt) {
    const auto built = builder.build(prompt, 160);
    CHECK(built.ok());
    return decode(ToyTokenizer(), built->ids);
}

ChatPrompt chat(const std::string& messagesJson) {
    ChatPrompt prompt;
    prompt.messagesJson = messagesJson;
    return prompt;
}

void bosStandsInFrontOnce(Findings& findings) {
    findings.equal(promptText(builderOf("<s>x"), chat("[]")), std::string("<s>x"),
                   "the template writes it");
    findings.equal(promptText(builderOf("{{ bos_token }}x"), chat("[]")), std::string("<s>x"),
                   "as a variable");
    findings.equal(promptText(builderOf("x"), chat("[]")), std::string("<s>x"),
                   "the template does not");
    const auto text = builderOf("x").build(TextPrompt{"hi"}, 160);
    findings.verify(text.ok() && text->ids == std::vector<TokenId>{1, 'h', 'i'}, "plain text");
    const auto ids = builderOf("x").build(IdsPrompt{{9, 9}}, 160);
    findings.verify(ids.ok() && ids->ids == std::vector<TokenId>{9, 9}, "ids stay as they are");
}

void anAnswerMayBeginInsideDeliberation(Findings& findings) {
    const PromptBuilder builder = builderOf(kTemplate);
    ChatPrompt prompt = chat(kHi);
    findings.verify(builder.build(prompt, 160)->begin == SpanKind::response, "response");
    prompt.thinking = true;
    findings.verify(builder.build(prompt, 160)->begin == SpanKind::thoughts, "thoughts");
    prompt = chat(R"([{"role": "user", "content": "what is <|inner_prefix|>"}])");
    findings.verify(builder.build(prompt, 160)->begin == SpanKind::response,
                    "a user's marker does not count");
}

void aCheckpointWithoutTemplateUsesThePlainOne(Findings& findings) {
    const PromptBuilder builder(std::make_shared<ToyTokenizer>(),
                                TemplateSource{std::string(kPlainChatTemplate), {}});
    const auto built = builder.build(chat(kHi), 160);
    CHECK(built.ok());
    findings.equal(decode(ToyTokenizer(), built->ids), std::string("<s>user: hi\nassistant: "),
                   "prompt");
    findings.verify(built->stops == std::vector<std::string>{"\nuser:"}, "stop string");
    findings.verify(!builder.hasOwnTemplate() && builder.warnings().size() == 1, "warning");
    ChatPrompt own = chat(kHi);
    own.templateSource = "{{ messages[0]['content'] }}!";
    findings.equal(promptText(builder, own), std::string("<s>hi!"), "the user's own template");
    findings.verify(builder.build(own, 160)->stops.empty(), "which has no stop string");

    const auto model = makeTinyLocalModel(makeTinyModel(LinearForm::bf16));
    auto session = makeTinySession(*model, 128);
    Request request = greedyRequest({}, 2);
    request.prompt = chat(kHi);
    const auto generation = session->generate(request, [](const Event&) {}, {});
    CHECK(generation.ok());
    findings.verify(generation->sampling.stop == std::vector<std::string>{"\nuser:"}, "as used");
    request.sampling.stop = {"zzz"};
    const auto other = session->generate(request, [](const Event&) {}, {});
    findings.verify(other.ok() && other->sampling.stop == std::vector<std::string>{"zzz"},
                    "the caller's");
}

void aBadTemplateFailsOnlyPromptsThroughIt(Findings& findings) {
    const PromptBuilder builder = builderOf("{% if %}");
    findings.verify(
        builder.warnings().size() == 1 &&
            builder.warnings()[0].find("chat_template.jinja: line 1") != std::string::npos,
        builder.warnings().empty() ? "no warning" : builder.warnings()[0]);
    const auto built = builder.build(chat(kHi), 160);
    findings.verify(
        !built && built.error().code == ErrorCode::invalidRequest && built.error().line == 1,
        "chat");
    findings.verify(builder.build(TextPrompt{"hi"}, 160).ok(), "text");
    ChatPrompt own = chat(kHi);
    own.templateSource = "x";
    findings.verify(builder.build(own, 160).ok(), "the user's own template");
}

void turnsAreLeftOutOldestFirst(Findings& findings) {
    const std::string messages =
        R"([{"role":"system","content":"s"},{"role":"user","content":"1"},{"role":"assistant","content":"a"},)"
        R"({"role":"tool","content":"t"},{"role":"user","content":"2"},{"role":"assistant","content":"b"},)"
        R"({"role":"user","content":"3"}])";
    const auto once = withoutOldestTurn(messages);
    CHECK(once.has_value());
    findings.equal(once->dropped, 3, "first turn");
    const auto twice = withoutOldestTurn(once->messagesJson);
    CHECK(twice.has_value());
    findings.equal(
        twice->messagesJson,
        std::string(R"([{"role":"system","content":"s"},{"role":"user","content":"3"}])"),
        "what is left");
    findings.verify(!withoutOldestTurn(twice->messagesJson), "the last turn stays");
    findings.verify(!withoutOldestTurn("no JSON") && !withoutOldestTurn("[]"), "nothing to drop");
}

// Six turns of 20 characters in a context of 200: prompt about 160.
std::string longChat() {
    std::string messages = R"([{"role":"system","content":"RULES"})";
    for (int turn = 0; turn < 6; ++turn) {
        messages += R"(,{"role":"user","content":"question )" + std::to_string(turn) +
                    R"("},{"role":"assistant","content":"answer"})";
    }
    return messages + R"(,{"role":"user","content":"last"}])";
}

void aFullContextGoesOnWithoutTheOldestTurns(Findings& findings) {
    const auto model = makeTinyLocalModel(makeTinyModel(LinearForm::bf16), {1, kTemplate, nullptr});
    for (const std::int64_t size : {220, 300}) {  // full with the prompt, full while writing
        auto session = makeTinySession(*model, size);
        Request request = greedyRequest({}, 150);
        request.prompt = chat(longChat());
        request.contextPolicy = ContextPolicy::dropOldestTurns;
        std::vector<std::int64_t> dropped;
        std::int64_t most = 0;
        const auto generation = session->generate(
            request,
            [&](const Event& event) {
                if (const auto* full = std::get_if<ContextFullEvent>(&event)) {
                    dropped.push_back(full->droppedMessages);
                } else if (const auto* tokens = std::get_if<TokensEvent>(&event)) {
                    most = std::max(most, tokens->contextUsed);
                }
            },
            {});
        if (!generation) {
            findings.fail(generation.error().message);
            continue;
        }
        findings.verify(!dropped.empty() && dropped.front() >= 2 && dropped.front() % 2 == 0,
                        "dropped");
        findings.verify(most <= size, "never beyond the context");
        findings.equal(generation->ids.size(), std::size_t{150}, "the answer is whole");
        const std::string prompt = decode(ToyTokenizer(), generation->promptIds);
        findings.verify(prompt.find("RULES") != std::string::npos, "the system message stays");
        findings.verify(prompt.find("last") != std::string::npos, "the last turn stays");
        findings.verify(prompt.find("question 0") == std::string::npos, "the oldest turn went");
    }
    auto session = makeTinySession(*model, 220);
    Request request = greedyRequest({}, 150);
    request.prompt = chat(longChat());
    const auto refused = session->generate(request, [](const Event&) {}, {});
    findings.verify(!refused && refused.error().code == ErrorCode::contextTooSmall,
                    "not unless asked for");
}

void aChatWithoutOldTurnsEndsWithTheContext(Findings& findings) {
    const auto model = makeTinyLocalModel(makeTinyModel(LinearForm::bf16), {1, kTemplate, nullptr});
    auto session = makeTinySession(*model, 32);
    Request request = greedyRequest({}, 150);
    request.prompt = chat(kHi);
    request.contextPolicy = ContextPolicy::dropOldestTurns;
    const auto generation = session->generate(request, [](const Event&) {}, {});
    CHECK(generation.ok());
    findings.verify(generation->finishReason == FinishReason::context, "finish reason");
    findings.equal(generation->metrics.contextUsed, 32, "context used");
}

void theTemplateIsFoundInItsOrder(Findings& findings) {
    namespace fs = std::filesystem;
    const fs::path folder = fs::path(APERTURA_BINARY_DIR) / "tests/template_source_test";
    fs::remove_all(folder);
    fs::create_directories(folder);
    const auto write = [&](const char* name, const std::string& text) {
        std::ofstream(folder / name, std::ios::binary) << text;
    };
    const auto found = [&] {
        const auto source = findChatTemplate(folder);
        return source ? source->file + "|" + source->text : "error: " + source.error().message;
    };
    findings.equal(found(), "|" + std::string(kPlainChatTemplate), "none");
    write("tokenizer_config.json", R"({"chat_template": null})");
    findings.equal(found(), "|" + std::string(kPlainChatTemplate), "null");
    write("tokenizer_config.json", R"({"chat_template": "T"})");
    findings.equal(found(), std::string("tokenizer_config.json|T"), "a text");
    write(
        "tokenizer_config.json",
        R"({"chat_template": [{"name": "rag", "template": "R"}, {"name": "default", "template": "D"}]})");
    findings.equal(found(), std::string("tokenizer_config.json|D"), "the default of a list");
    write("tokenizer_config.json", R"({"chat_template": [{"name": "rag", "template": "R"}]})");
    findings.equal(found(), std::string("tokenizer_config.json|R"), "the first of a list");
    write("tokenizer_config.json", R"({"chat_template": 7})");
    findings.verify(found().starts_with("error: tokenizer_config.json"), found());
    write("chat_template.jinja", "J");
    findings.equal(found(), std::string("chat_template.jinja|J"), "the file");
}

void aModelIsNamedByItsFolderOrRepository(Findings& findings) {
    findings.equal(modelName("/models/Apertus-8B"), std::string("Apertus-8B"), "folder");
    findings.equal(modelName("/models/Apertus-8B/"), std::string("Apertus-8B"),
                   "folder with a slash");
    findings.equal(modelName("/c/hub/models--swiss-ai--Apertus-8B/snapshots/0123"),
                   std::string("swiss-ai/Apertus-8B"), "hub cache");
}

}  // namespace

std::vector<Case> cases() {
    return {
        {"bosStandsInFrontOnce", bosStandsInFrontOnce},
        {"anAnswerMayBeginInsideDeliberation", anAnswerMayBeginInsideDeliberation},
        {"aCheckpointWithoutTemplateUsesThePlainOne", aCheckpointWithoutTemplateUsesThePlainOne},
        {"aBadTemplateFailsOnlyPromptsThroughIt", aBadTemplateFailsOnlyPromptsThroughIt},
        {"turnsAreLeftOutOldestFirst", turnsAreLeftOutOldestFirst},
        {"aFullContextGoesOnWithoutTheOldestTurns", aFullContextGoesOnWithoutTheOldestTurns},
        {"aChatWithoutOldTurnsEndsWithTheContext", aChatWithoutOldTurnsEndsWithTheContext},
        {"theTemplateIsFoundInItsOrder", theTemplateIsFoundInItsOrder},
        {"aModelIsNamedByItsFolderOrRepository", aModelIsNamedByItsFolderOrRepository}};
}

}  // namespace apertura::test
