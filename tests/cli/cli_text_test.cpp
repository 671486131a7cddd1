// The command line's commands on text: tokenize, detokenize, render; and wrong usage.
#include "tests/support/command_line.h"

namespace apertura::test {

namespace {

void tokenizeAndDetokenizeAreInverse(Findings& findings) {
    const std::string text = "Grüezi 🙂 <s>";
    const Json tokens = jsonOf(cli({"tokenize", demoModel(), "--text", text}), findings);
    findings.equal(tokens["ids"].size(), tokens["pieces"].size(), "pieces");
    std::string ids;
    for (const Json& id : tokens["ids"]) {
        ids += id.dump() + ",";
    }
    const Json decoded = jsonOf(cli({"detokenize", demoModel(), "--ids", ids}), findings);
    findings.equal(decoded["text"].get<std::string>(), text, "text");
    std::string joined;
    for (const Json& chunk : decoded["chunks"]) {
        joined += chunk.get<std::string>();
    }
    findings.equal(joined, text, "chunks");
    findings.equal(tokens["ids"].back().get<int>(), 1, "the id of <s>");
}

// SentencePiece puts a space in front of what it encodes; neither the text nor its chunks have it.
void chunksJoinedAreTheText(Findings& findings) {
    const std::string folder =
        std::string(APERTURA_SOURCE_DIR) + "/tests/data/tokenizer/sentencepiece";
    const Json decoded = jsonOf(cli({"detokenize", folder, "--ids", "292,297,284,303"}), findings);
    std::string joined;
    for (const Json& chunk : decoded["chunks"]) {
        joined += chunk.get<std::string>();
    }
    findings.equal(joined, std::string("hello w"), "chunks");
    findings.equal(decoded["text"].get<std::string>(), joined, "text");
}

void specialTextCanBePlain(Findings& findings) {
    const Json plain =
        jsonOf(cli({"tokenize", demoModel(), "--no-special-text", "--text", "<s>"}), findings);
    findings.verify(plain["ids"].size() > 1, "<s> is one token although it is plain text");
    const Json withBos = jsonOf(cli({"tokenize", demoModel(), "--bos", "--text", "a"}), findings);
    findings.equal(withBos["ids"].front().get<int>(), 1, "the first id with --bos");
}

void standardInputStandsInForTheText(Findings& findings) {
    const auto text = cli({"tokenize", demoModel(), "--text", "-hi\n"});
    findings.equal(cli({"tokenize", demoModel()}, "-hi\n").out, text.out, "ids of standard input");
    const auto ids = cli({"detokenize", demoModel(), "--ids", "1,2000"});
    findings.equal(cli({"detokenize", demoModel()}, " 1 2000\n").out, ids.out,
                   "text of standard input");
}

// Each request has its answer at its place, and a wrong one does no harm to those behind it.
void jsonLinesAnswerEveryRequestInOrder(Findings& findings) {
    const auto result =
        cli({"tokenize", demoModel(), "--jsonl"},
            "{\"text\":\"a\"}\nno JSON\n{\"text\":5}\n{\"text\":null}\n"
            "{\"text\":\"<s>\",\"special\":false,\"bos\":null}\n[]\n{\"text\":\"b\",\"bos\":true}");
    findings.equal(result.status, 0, "exit status");
    const auto lines = jsonLines(result, findings);
    if (!findings.equal(lines.size(), std::size_t{7}, "answers")) {
        return;
    }
    const std::vector<bool> failing = {false, true, true, true, false, true, false};
    for (std::size_t i = 0; i < lines.size(); ++i) {
        findings.equal(lines[i].contains("error"), static_cast<bool>(failing[i]),
                       "error in line " + std::to_string(i));
    }
    findings.verify(lines[4]["ids"].size() > 1, "special: false is not heeded");
    findings.equal(lines[6]["ids"].size(), std::size_t{2}, "ids with BOS");
}

void idsOutsideTheVocabularyAreRefused(Findings& findings) {
    expectFailure(cli({"detokenize", demoModel(), "--ids", "1,99999999"}), 1, findings,
                  "an id too large");
    expectFailure(cli({"detokenize", demoModel(), "--ids", "-1"}), 1, findings, "an id below 0");
    expectFailure(cli({"detokenize", demoModel()}, "1 2 x"), 1, findings, "an id that is none");
    const auto lines = jsonLines(cli({"detokenize", demoModel(), "--jsonl"},
                                     "{\"ids\":[4294967297]}\n{\"ids\":[1.5]}\n{\"ids\":[]}\n{}\n"),
                                 findings);
    if (findings.equal(lines.size(), std::size_t{4}, "answers")) {
        findings.verify(
            lines[0].contains("error") && lines[1].contains("error") && lines[3].contains("error"),
            "a wrong list is decoded");
        findings.equal(lines[2].dump(), std::string(R"({"chunks":[],"text":""})"), "no ids");
    }
}

void renderOpensTheAssistantsTurn(Findings& findings) {
    const auto messages = scratchFile("messages.json", R"([{"role":"user","content":"Grüezi"}])");
    const auto open = cli({"render", demoModel(), "--messages", messages});
    const auto closed =
        cli({"render", demoModel(), "--messages", messages, "--no-generation-prompt"});
    findings.equal(open.status, 0, "exit status");
    findings.verify(open.out.ends_with("<|assistant_start|>"), "the prompt ends in " + open.out);
    findings.verify(open.out.find("Grüezi") != std::string::npos, "the message is missing");
    findings.equal(closed.out + "<|assistant_start|>", open.out, "the prompt without the turn");
    const Json json =
        jsonOf(cli({"render", demoModel(), "--messages", messages, "--json"}), findings);
    findings.equal(json["text"].get<std::string>(), open.out, "the prompt as JSON");
    const auto thinking = cli({"render", demoModel(), "--messages", messages, "--thinking"});
    findings.verify(thinking.out != open.out, "--thinking changes nothing");
}

void renderTakesTemplateToolsAndDate(Findings& findings) {
    const auto messages = scratchFile("messages.json", R"([{"role":"user","content":"x"}])");
    const auto tools = scratchFile("tools.json", R"([{"b":1,"a":2}])");
    const auto source = scratchFile("template.jinja",
                                    "{{ bos_token }}|{{ tools | tojson }}|{{ "
                                    "strftime_now('%d.%m.%Y') }}|{{ enable_thinking }}");
    const auto result = cli({"render", demoModel(), "--messages", messages, "--template", source,
                             "--tools", tools, "--date", "2026-11-24", "--thinking"});
    findings.equal(result.out, std::string(R"(<s>|[{"b": 1, "a": 2}]|24.11.2026|True)"), "prompt");
    expectFailure(cli({"render", demoModel(), "--messages", "/nowhere.json"}), 1, findings,
                  "no messages");
    expectFailure(cli({"render", demoModel(), "--messages", source}), 1, findings,
                  "messages that are no JSON");
}

void renderRequestsFailWithTheirLine(Findings& findings) {
    const std::string requests =
        R"({"template_text":"{{ messages[0].x }}{{ eos_token }}","messages":[{"x":"é"}]})"
        "\n"
        R"({"template_text":"a\n{% if %}","messages":[]})"
        "\n"
        R"({"template_text":"{{ eos_token }}","variables":{"eos_token":"E"},"tools":null})"
        "\n"
        R"({"template_text":"[{{ eos_token }}]","variables":{}})"
        "\n"
        R"({"messages":[{"role":"user","content":"x"}],"variables":{}})"
        "\n";
    const auto lines = jsonLines(cli({"render", demoModel(), "--jsonl"}, requests), findings);
    if (findings.equal(lines.size(), std::size_t{5}, "answers")) {
        findings.equal(lines[0].value("text", ""), std::string("é<|assistant_end|>"), "text");
        findings.equal(lines[1].value("line", 0), 2, "line of the error");
        findings.equal(lines[2].value("text", ""), std::string("E"), "a variable of one's own");
        findings.equal(lines[3].value("text", ""), std::string("[]"), "a complete request");
        findings.equal(lines[4].value("text", "").substr(0, 3), std::string("<s>"),
                       "the model's own");
    }
}

void aDeepRequestIsRefused(Findings& findings) {
    constexpr std::size_t kLevels = 300'000;
    const std::string requests = R"({"template_text":"a","messages":)" + std::string(kLevels, '[') +
                                 std::string(kLevels, ']') + "}\n" +
                                 R"({"template_text":"[[{{","messages":[]})" + "\n" +
                                 R"({"template_text":"b\"[","messages":[]})" + "\n";
    const auto result = cli({"render", demoModel(), "--jsonl"}, requests);
    findings.equal(result.status, 0, "exit status");
    const auto lines = jsonLines(result, findings);
    if (findings.equal(lines.size(), std::size_t{3}, "answers")) {
        findings.verify(lines[0].contains("error") && lines[1].contains("line"), "not refused");
        findings.equal(lines[2].value("text", ""), std::string("b\"["), "text");
    }
}

void wrongUsageEndsWithTwo(Findings& findings) {
    const std::vector<std::vector<std::string>> wrong = {
        {},
        {"dance"},
        {"tokenize"},
        {"tokenize", demoModel(), "--no-such-flag"},
        {"tokenize", demoModel(), "--jsonl", "--text", "a"},
        {"detokenize", demoModel(), "--ids", "1,x"},
        {"render", demoModel()},
        {"generate", demoModel()},
        {"generate", demoModel(), "--text", "a", "--prompt", "b"},
        {"generate", demoModel(), "--text", "a", "--temperature", "warm"},
        {"generate", demoModel(), "--text", "a", "--logit-bias", "5"},
        {"generate", demoModel(), "--text", "a", "--system", "b"},
        {"generate", demoModel(), "--text", "a", "--backend", "abacus"},
        {"generate", demoModel(), "--text", "a", "--thinking"},
        {"generate", demoModel(), "--prompt", "a", "--date", "tomorrow"},
        {"generate", demoModel(), "--prompt", "a", "--date", "2026-02-29"},
        {"logits", demoModel(), "--ids", "1"},
        {"perplexity", demoModel()},
        {"compare", demoModel(), "--text", "a"},
    };
    for (const auto& arguments : wrong) {
        std::string joined;
        for (const auto& argument : arguments) {
            joined += argument + " ";
        }
        expectFailure(cli(arguments), 2, findings, joined);
    }
    findings.equal(cli({"--help"}).status, 0, "status of --help");
    findings.equal(cli({"generate", "--help"}).status, 0, "status of generate --help");
}

void aMissingFolderIsOneSentence(Findings& findings) {
    for (const std::string command : {"tokenize", "detokenize", "inspect"}) {
        expectFailure(cli({command, "/nowhere"}), 1, findings, command);
    }
    expectFailure(cli({"chat", "/nowhere"}), 1, findings, "chat");
    expectFailure(cli({"generate", "/nowhere", "--text", "a"}), 1, findings, "generate");
}

void aFullDiskIsAFailure(Findings& findings) {
    const auto result = runProcess({"/bin/sh", "-c", "\"$0\" tokenize \"$1\" --text a > /dev/full",
                                    APERTURA_CLI, demoModel()});
    expectFailure(result, 1, findings, "standard output that takes nothing");
}

}  // namespace

std::vector<Case> cases() {
    return {
        commandLineCase("tokenizeAndDetokenizeAreInverse", tokenizeAndDetokenizeAreInverse),
        commandLineCase("chunksJoinedAreTheText", chunksJoinedAreTheText),
        commandLineCase("specialTextCanBePlain", specialTextCanBePlain),
        commandLineCase("standardInputStandsInForTheText", standardInputStandsInForTheText),
        commandLineCase("jsonLinesAnswerEveryRequestInOrder", jsonLinesAnswerEveryRequestInOrder),
        commandLineCase("idsOutsideTheVocabularyAreRefused", idsOutsideTheVocabularyAreRefused),
        commandLineCase("renderOpensTheAssistantsTurn", renderOpensTheAssistantsTurn),
        commandLineCase("renderTakesTemplateToolsAndDate", renderTakesTemplateToolsAndDate),
        commandLineCase("renderRequestsFailWithTheirLine", renderRequestsFailWithTheirLine),
        commandLineCase("aDeepRequestIsRefused", aDeepRequestIsRefused),
        commandLineCase("wrongUsageEndsWithTwo", wrongUsageEndsWithTwo),
        commandLineCase("aMissingFolderIsOneSentence", aMissingFolderIsOneSentence),
        commandLineCase("aFullDiskIsAFailure", aFullDiskIsAFailure)};
}

}  // namespace apertura::test
