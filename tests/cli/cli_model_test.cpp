// The command line's commands that run a model, on the demonstration model.
#include <cmath>
#include <map>

#include "tests/support/command_line.h"
#include "tests/support/expected_tensors.h"

namespace apertura::test {

namespace {

std::vector<std::string> with(std::vector<std::string> arguments,
                              const std::vector<std::string>& more) {
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
}

std::vector<std::string> greedyQuestion(const std::string& question) {
    return {"generate",      demoModel(), "--prompt",     question,
            "--temperature", "0",         "--max-tokens", "60"};
}

std::string joined(const Json& ids) {
    std::string text;
    for (const Json& id : ids) {
        text += id.dump() + " ";
    }
    return text;
}

void generateReportsWhatTheContractNames(Findings& findings) {
    const auto arguments =
        with(greedyQuestion("Wie heißt Portugal auf Englisch?"), {"--json", "--logprobs", "2"});
    const Json answer = jsonOf(cli(arguments), findings);
    for (const char* field : {"ids", "text", "thoughts", "finish_reason", "logprobs", "metrics"}) {
        findings.verify(answer.contains(field), std::string("no field ") + field);
    }
    for (const char* field : {"load_seconds",
                              "prompt_tokens",
                              "reused_tokens",
                              "prefill_tokens_per_second",
                              "time_to_first_token_seconds",
                              "completion_tokens",
                              "decode_tokens_per_second",
                              "backend",
                              "device",
                              "weight_bytes",
                              "kv_bytes",
                              "scratch_bytes",
                              "adapter_bytes",
                              "device_memory_used_bytes",
                              "device_memory_free_bytes",
                              "device_memory_own_bytes",
                              "process_memory_bytes",
                              "context_used",
                              "context_size",
                              "seed"}) {
        findings.verify(answer["metrics"].contains(field), std::string("no metric ") + field);
    }
    findings.verify(answer["text"].get<std::string>().find("Portugal") != std::string::npos,
                    "the answer is wrong");
    findings.equal(answer["finish_reason"].get<std::string>(), std::string("stop"),
                   "finish reason");
    findings.equal(answer["logprobs"].size(), answer["ids"].size(), "log-probabilities");
    for (std::size_t i = 0; i < answer["ids"].size(); ++i) {
        const Json& token = answer["logprobs"][i];
        findings.verify(token["id"] == answer["ids"][i] && token["rank"] == 0 &&
                            token["top"].size() == 2 &&
                            token["top"][0]["logprob"] == token["logprob"],
                        "log-probabilities of token " + std::to_string(i) + ": " + token.dump());
    }
}

void theStreamedTextIsTheText(Findings& findings) {
    const auto arguments = greedyQuestion("Wie heißt Portugal auf Englisch?");
    const auto streamed = cli(arguments);
    const Json answer = jsonOf(cli(with(arguments, {"--json"})), findings);
    findings.equal(streamed.status, 0, "exit status");
    findings.equal(streamed.out, answer["text"].get<std::string>() + "\n", "streamed text");
    findings.equal(streamed.err, std::string(), "standard error, which is no terminal");
}

void theFourWaysToAskAgree(Findings& findings) {
    const auto file = scratchFile("question.json", R"([{"role":"user","content":"7 + 5 = ?"}])");
    const auto rendered = cli({"render", demoModel(), "--messages", file});
    const Json tokens = jsonOf(cli({"tokenize", demoModel(), "--text", rendered.out}), findings);
    const std::vector<std::string> greedy = {"--temperature", "0", "--max-tokens", "20", "--json"};
    const Json byPrompt =
        jsonOf(cli(with({"generate", demoModel(), "--prompt", "7 + 5 = ?"}, greedy)), findings);
    const Json byMessages =
        jsonOf(cli(with({"generate", demoModel(), "--messages", file}, greedy)), findings);
    const Json byIds = jsonOf(
        cli(with({"generate", demoModel(), "--ids", joined(tokens["ids"])}, greedy)), findings);
    // --text puts BOS in front, which the template wrote itself
    const Json byText = jsonOf(cli(with({"generate", demoModel(), "--text",
                                         rendered.out.substr(std::string("<s>").size())},
                                        greedy)),
                               findings);
    findings.equal(joined(byMessages["ids"]), joined(byPrompt["ids"]), "ids by --messages");
    findings.equal(joined(byIds["ids"]), joined(byPrompt["ids"]), "ids by --ids");
    findings.equal(joined(byText["ids"]), joined(byPrompt["ids"]), "ids by --text");
}

void sameSeedSameAnswer(Findings& findings) {
    const std::vector<std::string> arguments = {
        "generate", demoModel(), "--text",       "Hallo", "--temperature", "1.5", "--top-p",
        "1",        "--json",    "--max-tokens", "12",    "--seed"};
    const Json first = jsonOf(cli(with(arguments, {"18446744073709551615"})), findings);
    const Json second = jsonOf(cli(with(arguments, {"18446744073709551615"})), findings);
    const Json other = jsonOf(cli(with(arguments, {"3"})), findings);
    findings.verify(first["ids"] == second["ids"], "the same seed gives another answer");
    findings.verify(first["ids"] != other["ids"], "another seed gives the same answer");
    findings.equal(first["metrics"]["seed"].get<std::uint64_t>(), ~std::uint64_t{0},
                   "reported seed");
}

void samplingFlagsReachTheSampler(Findings& findings) {
    const std::vector<std::string> arguments = {
        "generate", demoModel(),    "--text",       "Hallo", "--temperature",
        "0",        "--ignore-eos", "--max-tokens", "4",     "--json"};
    const Json plain = jsonOf(cli(arguments), findings);
    const std::string first = plain["ids"][0].dump();
    const Json banned = jsonOf(cli(with(arguments, {"--ban", first})), findings);
    findings.verify(banned["ids"][0] != plain["ids"][0], "--ban does nothing");
    const Json biased = jsonOf(cli(with(arguments, {"--logit-bias", "2000=100"})), findings);
    findings.equal(biased["ids"][0].get<int>(), 2000, "the first id with --logit-bias");
    findings.equal(plain["ids"].size(), std::size_t{4}, "ids with --max-tokens");
    findings.equal(plain["finish_reason"].get<std::string>(), std::string("length"),
                   "finish reason");
    const Json stopped =
        jsonOf(cli({"generate", demoModel(), "--prompt", "Wie heißt Portugal auf Englisch?",
                    "--temperature", "0", "--json", "--stop", "{}", "--stop", "Portugal"}),
               findings);
    findings.equal(stopped["finish_reason"].get<std::string>(), std::string("stop"),
                   "finish reason");
    findings.verify(stopped["text"].get<std::string>().find("Portugal") == std::string::npos,
                    "text with --stop");
}

void wrongParametersAreRefusedByName(Findings& findings) {
    const std::vector<std::pair<std::vector<std::string>, std::string>> wrong = {
        {{"--temperature", "11"}, "temperature"},
        {{"--top-k", "2.5"}, "top_k"},
        {{"--top-p", "nan"}, "top_p"},
        {{"--xtc-threshold", "2"}, "xtc_threshold"},
        {{"--dry-base", "-1"}, "dry_base"},
        {{"--ban", "99999999"}, "banned"},
        {{"--stop", ""}, "stop"},
        {{"--max-tokens", "0"}, "max_tokens"},
        {{"--seed", "-2"}, "seed"},
        {{"--top-k", "99999999999999999999"}, "top_k"},
    };
    for (const auto& [flags, name] : wrong) {
        const auto result = cli(with({"generate", demoModel(), "--text", "a"}, flags));
        expectFailure(result, 1, findings, name);
        findings.verify(result.err.rfind(name, 0) == 0, name + " is not named: " + result.err);
    }
    expectFailure(cli({"generate", demoModel(), "--text", "a", "--prefill", "int8"}), 1, findings,
                  "--prefill int8");
}

void aStoppedAnswerIsNoFailure(Findings& findings) {
    const auto result = runAndInterrupt(
        commandLine({"generate", demoModel(), "--text", "Montag, Dienstag", "--ignore-eos",
                     "--temperature", "0", "--max-tokens", "1900"}));
    findings.equal(result.status, 0, "exit status (" + result.err + ")");
    findings.verify(!result.out.empty() && result.out.size() < 4000,
                    "the answer went on after Ctrl-C");
}

void chatAnswersEveryLineOfAPipe(Findings& findings) {
    const auto result =
        cli({"chat", demoModel(), "--temperature", "0", "--max-tokens", "40", "--json"},
            "Wie heißt Portugal auf Englisch?\n\n/stats\n/system Answer with the bare word only.\n"
            "/retry\n/nonsense\nUnd auf Deutsch?\n/quit\nnever read\n");
    findings.equal(result.status, 0, "exit status (" + result.err + ")");
    const auto answers = jsonLines(result, findings);
    findings.verify(result.err.find("not saved") < result.err.find('\n'),
                    "the first line does not say: not saved");
    findings.verify(result.err.find("no command /nonsense") != std::string::npos,
                    "/nonsense is not refused");
    findings.verify(result.err.find("tokens") != std::string::npos, "/stats says nothing");
    if (!findings.equal(answers.size(), std::size_t{3}, "answers")) {
        return;
    }
    findings.verify(answers[0]["text"] != answers[1]["text"], "/system changes nothing");
    findings.verify(answers[2]["metrics"]["reused_tokens"].get<int>() > 10,
                    "the context is not reused");
    const auto text =
        cli({"chat", demoModel(), "--temperature", "0"}, "Wie heißt Portugal auf Englisch?\n");
    findings.equal(text.out, answers[0]["text"].get<std::string>() + "\n", "text of an answer");
}

void chatGoesOnAfterAFailedMessage(Findings& findings) {
    const std::string tooLong(9000, 'x');
    const auto result =
        cli({"chat", demoModel(), "--context", "200", "--temperature", "0", "--json"},
            tooLong + "\nWie heißt Portugal auf Englisch?\n");
    findings.equal(result.status, 1, "exit status");
    findings.equal(jsonLines(result, findings).size(), std::size_t{1}, "answers");
}

void inspectShowsModulesAndMemory(Findings& findings) {
    const Json model = jsonOf(cli({"inspect", demoModel("gptq-mixed-eora")}), findings);
    findings.equal(model["architecture"].get<std::string>(), std::string("apertus"),
                   "architecture");
    findings.equal(model["modules"].size(), std::size_t{37},
                   "modules: 6 layers of 6, and the head");
    std::map<double, int> widths;
    for (const Json& module : model["modules"]) {
        findings.verify(module.contains("name") && module.contains("format") &&
                            module.contains("group_size") && module.contains("adapter_rank"),
                        "a field is missing: " + module.dump());
        ++widths[module["bits"].get<double>()];
    }
    findings.verify(widths[4] > 0 && widths[8] > 0, "4 and 8 bits are not both there");
    findings.equal(model["memory_plan"].size(), std::size_t{4}, "planned contexts");
    findings.verify(model["memory_plan"][3]["kv_bytes"] > model["memory_plan"][0]["kv_bytes"],
                    "KV does not grow");
    findings.verify(model["packed_cache"].is_string(), "the packed cache is not mentioned");
    findings.verify(model["warnings"].is_array() && model["warnings"].empty(),
                    "warnings of a sound model");
}

void logitsAreTheModelsOwnDistribution(Findings& findings) {
    const auto file = scratchFile("logits.safetensors");
    const auto ids = scratchFile("ids", "1 2000 2100 1500\n");
    const auto result = cli({"logits", demoModel(), "--ids-file", ids, "--out", file});
    findings.equal(result.status, 0, "exit status (" + result.err + ")");
    const auto tensors = readExpectedTensors(file);
    const auto& logits = tensors.at("logits");
    findings.verify(logits.shape == std::vector<std::int64_t>{4, 8192}, "shape");
    const Json perplexity =
        jsonOf(cli({"perplexity", demoModel(), "--ids-file", ids, "--json"}), findings);
    const std::vector<std::size_t> next = {2000, 2100, 1500};
    for (std::size_t t = 0; t < next.size(); ++t) {
        double sum = 0.0;
        for (std::size_t i = 0; i < 8192; ++i) {
            sum += std::exp(logits.floats[t * 8192 + i]);
        }
        const double expected = std::log(sum) - logits.floats[t * 8192 + next[t]];
        findings.verify(std::abs(perplexity["nll"][t].get<double>() - expected) < 1e-4,
                        "nll " + std::to_string(t));
    }
    // Fewer ids than the least context a session takes.
    findings.equal(cli({"logits", demoModel(), "--ids", "1", "--out", file}).status, 0, "one id");
    expectFailure(cli({"logits", demoModel(), "--ids", "1,2", "--out", "/nowhere/x"}), 1, findings,
                  "a file that cannot be written");
    expectFailure(cli({"logits", demoModel(), "--ids", "1,9000", "--out", file}), 1, findings,
                  "an id outside the vocabulary");
}

void perplexityScoresEveryTokenOfAText(Findings& findings) {
    const auto file = scratchFile("text", "Montag, Dienstag, Mittwoch");
    const Json tokens =
        jsonOf(cli({"tokenize", demoModel(), "--text", "Montag, Dienstag, Mittwoch"}), findings);
    for (const std::string window : {"3", "2048"}) {
        const Json result =
            jsonOf(cli({"perplexity", demoModel(), "--file", file, "--window", window, "--json"}),
                   findings);
        double total = 0.0;
        for (const Json& loss : result["nll"]) {
            total += loss.get<double>();
        }
        const auto count = static_cast<double>(tokens["ids"].size());
        findings.equal(result["nll"].size(), tokens["ids"].size(),
                       "scored tokens with --window " + window);
        findings.verify(std::abs(result["mean_nll"].get<double>() - total / count) < 1e-9, "mean");
        findings.verify(
            std::abs(result["perplexity"].get<double>() / std::exp(total / count) - 1) < 1e-9,
            "perplexity");
        findings.verify(std::abs(result["nll_per_byte"].get<double>() - total / 26) < 1e-9,
                        "nll per byte");
    }
    expectFailure(cli({"perplexity", demoModel(), "--text", "", "--json"}), 1, findings, "no text");
    expectFailure(cli({"perplexity", demoModel(), "--text", "a", "--window", "4096"}), 1, findings,
                  "a large window");
}

void aModelEqualsItself(Findings& findings) {
    const std::vector<std::string> text = {"--text", "Montag, Dienstag, Mittwoch, Donnerstag",
                                           "--json"};
    const Json same = jsonOf(cli(with({"compare", demoModel(), demoModel()}, text)), findings);
    findings.equal(same["max_kl"].get<double>(), 0.0, "largest KL of a model and itself");
    findings.equal(same["top1_agreement"].get<double>(), 1.0, "agreement of a model and itself");
    const Json other =
        jsonOf(cli(with({"compare", demoModel(), demoModel("sinq-4bit"), "--window", "8"}, text)),
               findings);
    findings.verify(other["mean_kl"].get<double>() > 0.0 && other["max_kl"] >= other["mean_kl"],
                    "KL of two models");
    findings.equal(other["tokens"].size(), same["tokens"].size(), "tokens with short windows");
    const Json alone = jsonOf(
        cli({"perplexity", demoModel("sinq-4bit"), "--window", "8", "--text", text[1], "--json"}),
        findings);
    findings.verify(
        std::abs(other["perplexity_b"].get<double>() / alone["perplexity"].get<double>() - 1) <
            1e-9,
        "perplexity of the second model");
    const Json& token = other["tokens"][0];
    findings.verify(token.contains("id") && token.contains("logprob_a") &&
                        token.contains("logprob_b") && token.contains("rank_b") &&
                        token.contains("kl"),
                    "a field is missing: " + token.dump());
    // With the adapters left out, the same checkpoint is another model.
    const Json bare = jsonOf(cli(with({"compare", demoModel("gptq-mixed-eora"),
                                       demoModel("gptq-mixed-eora"), "--adapter-b", "none"},
                                      text)),
                             findings);
    findings.verify(bare["mean_kl"].get<double>() > 0.0, "--adapter-b none does nothing");
}

}  // namespace

std::vector<Case> cases() {
    return {
        commandLineCase("generateReportsWhatTheContractNames", generateReportsWhatTheContractNames),
        commandLineCase("theStreamedTextIsTheText", theStreamedTextIsTheText),
        commandLineCase("theFourWaysToAskAgree", theFourWaysToAskAgree),
        commandLineCase("sameSeedSameAnswer", sameSeedSameAnswer),
        commandLineCase("samplingFlagsReachTheSampler", samplingFlagsReachTheSampler),
        commandLineCase("wrongParametersAreRefusedByName", wrongParametersAreRefusedByName),
        commandLineCase("aStoppedAnswerIsNoFailure", aStoppedAnswerIsNoFailure),
        commandLineCase("chatAnswersEveryLineOfAPipe", chatAnswersEveryLineOfAPipe),
        commandLineCase("chatGoesOnAfterAFailedMessage", chatGoesOnAfterAFailedMessage),
        commandLineCase("inspectShowsModulesAndMemory", inspectShowsModulesAndMemory),
        commandLineCase("logitsAreTheModelsOwnDistribution", logitsAreTheModelsOwnDistribution),
        commandLineCase("perplexityScoresEveryTokenOfAText", perplexityScoresEveryTokenOfAText),
        commandLineCase("aModelEqualsItself", aModelEqualsItself)};
}

}  // namespace apertura::test
