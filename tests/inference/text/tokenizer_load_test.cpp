// Which tokenizer files are read, and with what sentence the others are refused.
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "inference/text/byte_level_tokenizer.h"
#include "inference/text/sentencepiece_tokenizer.h"
#include "inference/text/tokenizer.h"
#include "tests/support/cases.h"
#include "tests/support/checkpoint_writer.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const fs::path kData = fs::path(APERTURA_SOURCE_DIR) / "tests/data/tokenizer";

Json smallTokenizer() {
    return Json::parse(readFile(kData / "aliases/tokenizer.json"));
}

void expectRefusal(const std::string& json, const std::string& field, Findings& findings) {
    const auto tokenizer = ByteLevelTokenizer::read(json, {});
    if (!findings.verify(!tokenizer.ok(), "accepted, but for " + field)) {
        return;
    }
    const std::string& message = tokenizer.error().message;
    findings.verify(message.starts_with("tokenizer.json: "), "names the file: " + message);
    findings.verify(message.ends_with('.'), "is a sentence: " + message);
    findings.verify(message.find(field) != std::string::npos, field + " is named in: " + message);
}

// A change to a good file, and what the sentence must name.
struct Damage {
    std::string field;
    std::function<void(Json&)> apply;
};

void set(Json& json, const std::string& pointer, Json value) {
    json[Json::json_pointer(pointer)] = std::move(value);
}

Damage setting(const std::string& field, const std::string& pointer, const Json& value) {
    return {field, [=](Json& json) { set(json, pointer, value); }};
}

void damagedIdsAreRefused(Findings& findings) {
    const std::vector<Damage> damages = {
        {"model.vocab", [](Json& json) { json["model"]["vocab"].erase("in"); }},
        setting("model.vocab", "/model/vocab/he", 275),
        setting("model.vocab", "/model/vocab/he", 275000),
        setting("model.vocab", "/model/vocab/he", std::int64_t{1} << 40),
        setting("model.vocab", "/model/vocab/he", -1),
        setting("model.vocab", "/model/vocab/he", 1.5),
        setting("model.vocab", "/model/vocab/he", "x"),
        setting("model.vocab", "/model/vocab", Json::array({1, 2})),
        setting("model.vocab", "/model/vocab", 3),
        {"byte 97",
         [](Json& json) {
             json["model"]["vocab"]["\xE4\xB8\x80"] = json["model"]["vocab"]["a"];
             json["model"]["vocab"].erase("a");
         }},
        {"model.vocab", [](Json& json) { json["model"].erase("vocab"); }},
        {"model.merges", [](Json& json) { json["model"].erase("merges"); }},
        setting("model.merges", "/model/merges/0", Json::array({"h", "zz"})),
        setting("model.merges", "/model/merges/0", Json::array({"h", "h"})),
        setting("model.merges", "/model/merges/0", Json::array({"h"})),
        setting("model.merges", "/model/merges/0", Json::array({"h", 1})),
        setting("model.merges", "/model/merges/0", "he"),
        setting("model.merges", "/model/merges/0", "h e r"),
        setting("model.merges", "/model/merges/0", 1),
        setting("model.merges", "/model/merges", 1),
        {"model.merges",
         [](Json& json) { json["model"]["merges"][1] = json["model"]["merges"][0]; }},
        setting("added_tokens", "/added_tokens", 1),
        setting("added_tokens", "/added_tokens/3", 1),
        setting("added_tokens", "/added_tokens/3/id", 4000000000),
        setting("added_tokens", "/added_tokens/3/id", -3),
        setting("added_tokens", "/added_tokens/3/id", "3"),
        setting("added_tokens", "/added_tokens/3/id", 2),
        setting("added_tokens", "/added_tokens/3/content", ""),
        setting("added_tokens", "/added_tokens/3/content", "<s>"),
        setting("added_tokens", "/added_tokens/3/special", "yes"),
        setting("lstrip", "/added_tokens/3/lstrip", true),
        setting("rstrip", "/added_tokens/3/rstrip", true),
        setting("single_word", "/added_tokens/3/single_word", true),
    };
    for (const Damage& damage : damages) {
        Json json = smallTokenizer();
        damage.apply(json);
        expectRefusal(json.dump(), damage.field, findings);
    }
}

void otherComponentsAreRefusedByName(Findings& findings) {
    const Json digits = {{"type", "Digits"}, {"individual_digits", true}};
    const Json lowercase = {{"type", "Lowercase"}};
    const Json empty = {{"type", "Replace"}, {"pattern", {{"String", ""}}}, {"content", "x"}};
    const Json regex = {{"type", "Replace"}, {"pattern", {{"Regex", "a"}}}, {"content", "x"}};
    const Json longer = {
        {"type", "Replace"}, {"pattern", {{"String", "a"}}}, {"content", std::string(2000, 'a')}};
    const std::vector<Damage> damages = {
        setting("WordPiece", "/model/type", "WordPiece"),
        setting("model.type", "/model", Json::array()),
        setting("model.byte_fallback", "/model/byte_fallback", true),
        setting("model.dropout", "/model/dropout", 0.1),
        setting("model.continuing_subword_prefix", "/model/continuing_subword_prefix", "##"),
        setting("model.end_of_word_suffix", "/model/end_of_word_suffix", "</w>"),
        setting("model.ignore_merges", "/model/ignore_merges", 1),
        setting("Lowercase", "/normalizer", lowercase),
        setting("Lowercase", "/normalizer/normalizers/0", lowercase),
        setting("normalizer", "/normalizer", 1),
        setting("normalizer", "/normalizer", empty),
        setting("normalizer", "/normalizer", regex),
        setting("normalizer", "/normalizer/normalizers", Json::array({longer, longer})),
        setting("pre_tokenizer", "/pre_tokenizer", nullptr),
        setting("Digits", "/pre_tokenizer", digits),
        setting("Digits", "/pre_tokenizer/pretokenizers/0", digits),
        setting("Digits", "/pre_tokenizer/pretokenizers/1", digits),
        setting("behavior", "/pre_tokenizer/pretokenizers/0/behavior", "Removed"),
        setting("behavior", "/pre_tokenizer/pretokenizers/0/invert", true),
        setting("pre_tokenizer", "/pre_tokenizer/pretokenizers/0/pattern", {{"String", " "}}),
        setting("pre_tokenizer", "/pre_tokenizer/pretokenizers/0/pattern/Regex", "(?<"),
        setting("pre_tokenizer", "/pre_tokenizer/pretokenizers/0/pattern/Regex",
                std::string(20000, '.')),
        setting("add_prefix_space", "/pre_tokenizer/pretokenizers/1/add_prefix_space", true),
        setting("use_regex", "/pre_tokenizer/pretokenizers/1/use_regex", true),
        setting("RobertaProcessing", "/post_processor/type", "RobertaProcessing"),
        setting("post_processor", "/post_processor/single/0/SpecialToken/id", "<x>"),
        setting("post_processor", "/post_processor/single/0", 1),
        setting("post_processor", "/post_processor/single", Json::array()),
        setting("post_processor", "/post_processor/special_tokens/<s>/ids/0", 900),
        setting("decoder", "/decoder", nullptr),
        setting("Metaspace", "/decoder/type", "Metaspace"),
    };
    for (const Damage& damage : damages) {
        Json json = smallTokenizer();
        damage.apply(json);
        expectRefusal(json.dump(), damage.field, findings);
    }
}

void whatIsNoJsonIsRefused(Findings& findings) {
    const std::string good = smallTokenizer().dump();
    expectRefusal("", "JSON", findings);
    expectRefusal("[]", "JSON", findings);
    expectRefusal("\xFF", "JSON", findings);
    expectRefusal(good.substr(0, good.size() / 2), "JSON", findings);
    expectRefusal(std::string(1'000'000, '['), "nested", findings);
    expectRefusal(R"({"model":{"vocab":{},"vocab":{}}})", "twice", findings);
    expectRefusal(R"({"model":{"merges":[{"a":1}]}})", "model.merges", findings);
    expectRefusal(R"({"model":{"vocab":{"a":[0]}}})", "model.vocab", findings);
    std::string doubled = good;
    doubled.replace(doubled.find("\"vocab\":{") + 9, 0, "\"he\":274,");
    expectRefusal(doubled, "model.vocab", findings);
}

void brokenCheckpointsNameTheField(Findings& findings) {
    const std::vector<std::pair<std::string, std::string>> broken = {
        {"tok-missing", "missing"},
        {"tok-not-json", "JSON"},
        {"tok-model-wordpiece", "model.type"},
        {"tok-merge-unknown", "model.merges"},
        {"tok-regex-invalid", "pre_tokenizer"},
        {"tok-ids-hole", "model.vocab"},
        {"tok-ids-twice", "model.vocab"},
        {"tok-added-out-of-range", "added_tokens"}};
    int found = 0;
    for (const auto& [name, field] : broken) {
        for (const auto& folder : findGoldens("models/broken/" + name)) {
            ++found;
            const auto tokenizer = loadTokenizer(folder);
            if (findings.verify(!tokenizer.ok(), name + " is refused")) {
                const std::string& message = tokenizer.error().message;
                findings.verify(message.starts_with("tokenizer.json: ") &&
                                    message.find(field) != std::string::npos,
                                name + ": " + message);
            }
        }
    }
    if (found == 0) {
        findings.skip("no models/broken");
    }
}

// tokenizer_config.json comes with a download as well.
void damagedConfigsAreRefused(Findings& findings) {
    const std::string deep = std::string(1'000'000, '[') + std::string(1'000'000, ']');
    for (const std::string& config :
         {std::string("[]"), std::string("{"), std::string(R"({"bos_token": 1})"),
          R"({"bos_token": )" + deep + "}", R"({"eos_token": {"content": )" + deep + "}}"}) {
        const TemporaryFolder folder;
        fs::copy(kData / "aliases/tokenizer.json", folder.path());
        writeText(folder.path() / "tokenizer_config.json", config);
        const auto tokenizer = loadTokenizer(folder.path());
        if (findings.verify(!tokenizer.ok(), "accepted: " + config.substr(0, 40))) {
            findings.verify(tokenizer.error().message.starts_with("tokenizer_config.json: "),
                            tokenizer.error().message);
        }
    }
}

void goodCheckpointsLoad(Findings& findings) {
    int found = 0;
    for (const char* group : {"models/micro", "models/demo", "models/odd"}) {
        for (const auto& root : findGoldens(group)) {
            for (const auto& entry : fs::directory_iterator(root)) {
                if (!fs::exists(entry.path() / "tokenizer.json")) {
                    continue;
                }
                ++found;
                const auto tokenizer = loadTokenizer(entry.path());
                if (findings.verify(tokenizer.ok(),
                                    tokenizer.ok() ? "" : tokenizer.error().message)) {
                    findings.equal((*tokenizer)->bosToken().value_or(-1), 1, entry.path().string());
                    findings.equal((*tokenizer)->bosText(), std::string("<s>"), "bos_token");
                }
            }
        }
    }
    findings.note(std::to_string(found) + " tokenizers");
    if (found == 0) {
        findings.skip("no models");
    }
}

// One with only the bytes, the tokens named, and their merges; no whole-word lookup.
std::string tinyTokenizer(const std::vector<std::string>& tokens, const Json& merges) {
    Json json = smallTokenizer();
    Json vocab = Json::object();
    for (const auto& [piece, id] : json["model"]["vocab"].items()) {
        if (id.get<int>() < 18 + 256) {
            vocab[piece] = id;
        }
    }
    for (const std::string& token : tokens) {
        vocab[token] = vocab.size();
    }
    json["added_tokens"].erase(json["added_tokens"].begin() + 18, json["added_tokens"].end());
    json["normalizer"] = nullptr;
    json["model"]["vocab"] = vocab;
    json["model"]["merges"] = merges;
    json["model"]["ignore_merges"] = false;
    return json.dump();
}

std::vector<std::string> pieces(const Tokenizer& tokenizer, std::string_view text) {
    std::vector<std::string> found;
    for (const TokenId id : tokenizer.encode(text, {})) {
        found.emplace_back(tokenizer.piece(id));
    }
    return found;
}

void anIncompleteListOfMergesIsFollowedAsItIs(Findings& findings) {
    const std::vector<std::string> tokens = {"ab", "bc", "abc"};
    const auto complete = ByteLevelTokenizer::read(
        tinyTokenizer(tokens, Json::array({{"a", "b"}, {"b", "c"}, {"a", "bc"}, {"ab", "c"}})), {});
    const auto incomplete =
        ByteLevelTokenizer::read(tinyTokenizer(tokens, Json::array({{"b", "c"}, {"a", "bc"}})), {});
    const auto scattered = ByteLevelTokenizer::read(
        tinyTokenizer(tokens, Json::array({{"a", "b"}, {"a", "bc"}, {"b", "c"}, {"ab", "c"}})), {});
    if (!findings.verify(complete.ok() && incomplete.ok() && scattered.ok(), "they load")) {
        return;
    }
    findings.verify((*complete)->mergesBySentencePiece(), "a complete list");
    findings.verify(!(*incomplete)->mergesBySentencePiece(), "an incomplete list");
    findings.verify(!(*scattered)->mergesBySentencePiece(),
                    "merges into abc that do not stand together");
    findings.equal(Json(pieces(**complete, "ab")).dump(), std::string(R"(["ab"])"), "complete");
    findings.equal(Json(pieces(**incomplete, "ab")).dump(), std::string(R"(["a","b"])"),
                   "incomplete");
    findings.equal(Json(pieces(**incomplete, "abc")).dump(), std::string(R"(["abc"])"),
                   "incomplete");
    findings.equal(Json(pieces(**scattered, "abcbc")).dump(), std::string(R"(["abc","bc"])"),
                   "scattered");
}

void mergesMayBeWrittenAsTexts(Findings& findings) {
    const auto tokenizer =
        ByteLevelTokenizer::read(tinyTokenizer({"ab"}, Json::array({"a b"})), {});
    if (findings.verify(tokenizer.ok(), "it loads")) {
        findings.equal(Json(pieces(**tokenizer, "abb")).dump(), std::string(R"(["ab","b"])"),
                       "pieces");
    }
}

void aHopelessExpressionStillEndsInIds(Findings& findings) {
    Json json = smallTokenizer();
    json["normalizer"] = nullptr;
    set(json, "/pre_tokenizer/pretokenizers/0/pattern/Regex", "(?:a+)+$|(?:b|b)*c");
    const auto tokenizer = ByteLevelTokenizer::read(json.dump(), {});
    if (!findings.verify(tokenizer.ok(), "it loads")) {
        return;
    }
    const std::string text = std::string(40, 'a') + "x" + std::string(40, 'b');
    findings.equal(decode(**tokenizer, (*tokenizer)->encode(text, {})), text, "and back");
}

void unknownIdsAreEmpty(Findings& findings) {
    for (const char* folder : {"aliases", "sentencepiece"}) {
        const auto tokenizer = loadTokenizer(kData / folder);
        if (!findings.verify(tokenizer.ok(), folder)) {
            continue;
        }
        for (const TokenId id : {-1, static_cast<TokenId>((*tokenizer)->size()), 2147483647}) {
            findings.verify((*tokenizer)->bytes(id).empty() && (*tokenizer)->piece(id).empty() &&
                                !(*tokenizer)->isSpecial(id),
                            "unknown id");
        }
        findings.verify(!(*tokenizer)->find("no such piece"), "no such piece");
        for (TokenId id = 0; id < (*tokenizer)->size(); ++id) {
            findings.equal((*tokenizer)->find((*tokenizer)->piece(id)).value_or(-1), id,
                           "found by name");
        }
    }
}

void damagedSentencePieceModelsAreRefused(Findings& findings) {
    const std::string model = readFile(kData / "sentencepiece/tokenizer.model");
    for (const std::string& damaged :
         {std::string(), std::string("not a model"), model.substr(0, 100), model.substr(0, 9999)}) {
        const auto tokenizer = readSentencePieceTokenizer(damaged, {});
        if (findings.verify(!tokenizer.ok(), "accepted")) {
            findings.verify(tokenizer.error().message.starts_with("tokenizer.model: "),
                            tokenizer.error().message);
        }
    }
}

void manyThreadsGetTheSameIds(Findings& findings) {
    const auto tokenizer = loadTokenizer(kData / "aliases");
    if (!findings.verify(tokenizer.ok(), "it loads")) {
        return;
    }
    const std::string text = "The inner <s>heron</s> in an \xC3\xA9tang, 12 times.\n";
    const auto expected = (*tokenizer)->encode(text, {});
    std::vector<int> wrong(4);
    std::vector<std::thread> threads;
    for (int& count : wrong) {
        threads.emplace_back([&tokenizer, &text, &expected, &count] {
            for (int i = 0; i < 200; ++i) {
                count += (*tokenizer)->encode(text, {}) == expected ? 0 : 1;
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    findings.equal(Json(wrong).dump(), std::string("[0,0,0,0]"), "wrong ids per thread");
}

}  // namespace

std::vector<Case> cases() {
    return {{"damagedIdsAreRefused", damagedIdsAreRefused},
            {"otherComponentsAreRefusedByName", otherComponentsAreRefusedByName},
            {"whatIsNoJsonIsRefused", whatIsNoJsonIsRefused},
            {"brokenCheckpointsNameTheField", brokenCheckpointsNameTheField},
            {"damagedConfigsAreRefused", damagedConfigsAreRefused},
            {"goodCheckpointsLoad", goodCheckpointsLoad},
            {"anIncompleteListOfMergesIsFollowedAsItIs", anIncompleteListOfMergesIsFollowedAsItIs},
            {"mergesMayBeWrittenAsTexts", mergesMayBeWrittenAsTexts},
            {"aHopelessExpressionStillEndsInIds", aHopelessExpressionStillEndsInIds},
            {"unknownIdsAreEmpty", unknownIdsAreEmpty},
            {"damagedSentencePieceModelsAreRefused", damagedSentencePieceModelsAreRefused},
            {"manyThreadsGetTheSameIds", manyThreadsGetTheSameIds}};
}

}  // namespace apertura::test
