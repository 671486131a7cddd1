// The recorded ids, texts and chunks, wherever a folder of goldens has them.
#include <nlohmann/json.hpp>

#include "inference/text/byte_level_tokenizer.h"
#include "inference/text/tokenizer.h"
#include "tests/support/cases.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Check = std::function<void(const Tokenizer&, const Json&, const std::string&, Findings&)>;

std::string listed(const std::vector<TokenId>& ids) {
    return Json(ids).dump();
}

EncodeOptions optionsOf(const Json& golden) {
    return {golden.value("special", true), golden.value("bos", false)};
}

void checkIds(const Tokenizer& tokenizer, const Json& golden, const std::string& where,
              Findings& findings) {
    const auto ids = golden.at("ids").get<std::vector<TokenId>>();
    const auto text = golden.at("text").get<std::string>();
    findings.equal(listed(tokenizer.encode(text, optionsOf(golden))), listed(ids), where);
    if (!golden.value("bos", false) && !golden.value("normalized", false)) {
        findings.equal(decode(tokenizer, ids), text, where + " and back");
    }
}

void checkText(const Tokenizer& tokenizer, const Json& golden, const std::string& where,
               Findings& findings) {
    const auto ids = golden.at("ids").get<std::vector<TokenId>>();
    findings.equal(decode(tokenizer, ids), golden.at("text").get<std::string>(), where);
    if (!golden.contains("chunks")) {
        return;
    }
    TextStream stream(tokenizer.leadingSpace());
    std::vector<std::string> chunks;
    for (const TokenId id : ids) {
        chunks.push_back(stream.push(tokenizer.bytes(id)));
    }
    if (const std::string rest = stream.finish(); !rest.empty()) {
        chunks.push_back(rest);
    }
    findings.equal(Json(chunks).dump(), golden.at("chunks").dump(), where + " in chunks");
}

std::string bytesOfHex(const std::string& hex) {
    std::string bytes;
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
    }
    return bytes;
}

void checkIllBytes(const Tokenizer& tokenizer, const Json& golden, const std::string& where,
                   Findings& findings) {
    const std::string bytes = bytesOfHex(golden.at("hex").get<std::string>());
    findings.equal(toValidUtf8(bytes), golden.at("text").get<std::string>(), where);
    findings.equal(listed(tokenizer.encode(bytes, {})),
                   listed(golden.at("ids").get<std::vector<TokenId>>()), where);
}

void checkFile(const fs::path& goldens, const fs::path& model, const Check& check,
               Findings& findings) {
    const auto tokenizer = loadTokenizer(model);
    if (!findings.verify(tokenizer.ok(), tokenizer.ok() ? "" : tokenizer.error().message)) {
        return;
    }
    const auto lines = readLines(goldens);
    for (std::size_t i = 0; i < lines.size(); ++i) {
        check(**tokenizer, Json::parse(lines[i]), goldens.string() + ":" + std::to_string(i + 1),
              findings);
    }
    findings.note(std::to_string(lines.size()) + " lines of " + goldens.string());
}

bool hasTokenizer(const fs::path& folder) {
    return fs::exists(folder / "tokenizer.json") || fs::exists(folder / "tokenizer.model");
}

Case goldenCase(const std::string& name, const std::string& file, const Check& check) {
    return {name, [=](Findings& findings) {
                int found = 0;
                for (const auto& goldens : findGoldens(file)) {
                    if (hasTokenizer(goldens.parent_path())) {
                        checkFile(goldens, goldens.parent_path(), check, findings);
                        ++found;
                    }
                }
                if (found == 0) {
                    findings.skip("no " + file + " beside its tokenizer");
                }
            }};
}

const fs::path kDemoModel = fs::path(APERTURA_SOURCE_DIR) / "resources/demo-model/bf16";

const fs::path kData = fs::path(APERTURA_SOURCE_DIR) / "tests/data/tokenizer";

// Goldens that only stand here, recorded with tokenizers 0.23.3.
Case ownCase(const std::string& name, const fs::path& goldens, const fs::path& model,
             const Check& check) {
    return {name, [=](Findings& findings) { checkFile(goldens, model, check, findings); }};
}

// SentencePiece and the loop over the file's own list agree on every golden text.
void bothMergersAgree(const fs::path& model, const fs::path& goldens, Findings& findings) {
    const std::string json = readFile(model / "tokenizer.json");
    const auto chosen = ByteLevelTokenizer::read(json, {});
    const auto loop = ByteLevelTokenizer::read(json, {}, MergeChoice::loop);
    if (!findings.verify(chosen.ok() && loop.ok(), "both are read")) {
        return;
    }
    findings.verify((*chosen)->mergesBySentencePiece(), "the list of merges is complete");
    findings.verify(!(*loop)->mergesBySentencePiece(), "the loop was asked for");
    std::size_t count = 0;
    for (const std::string& line : readLines(goldens)) {
        const Json golden = Json::parse(line);
        const auto text = golden.at("text").get<std::string>();
        findings.equal(listed((*loop)->encode(text, optionsOf(golden))),
                       listed((*chosen)->encode(text, optionsOf(golden))), text.substr(0, 60));
        ++count;
    }
    findings.note(std::to_string(count) + " texts of " + goldens.string());
}

void bothMergersAgreeOnTheFullVocabulary(Findings& findings) {
    int found = 0;
    for (const auto& goldens : findGoldens("tokenizer/golden.jsonl")) {
        if (fs::exists(goldens.parent_path() / "tokenizer.json")) {
            bothMergersAgree(goldens.parent_path(), goldens, findings);
            ++found;
        }
    }
    if (found == 0) {
        findings.skip("no tokenizer/golden.jsonl beside its tokenizer");
    }
}

}  // namespace

std::vector<Case> cases() {
    return {goldenCase("goldenTextsGiveTheirIds", "tokenizer/golden.jsonl", checkIds),
            goldenCase("goldenTextsGiveTheirIdsWithBos", "tokenizer/bos.jsonl", checkIds),
            goldenCase("goldenIdsGiveTheirTextsAndChunks", "tokenizer/decode.jsonl", checkText),
            goldenCase("illBytesBecomeReplacements", "tokenizer/invalid_utf8.jsonl", checkIllBytes),
            goldenCase("sentencePieceTextsGiveTheirIds", "tokenizer/sentencepiece/golden.jsonl",
                       checkIds),
            goldenCase("sentencePieceTextsGiveTheirIdsWithBos", "tokenizer/sentencepiece/bos.jsonl",
                       checkIds),
            goldenCase("sentencePieceIdsGiveTheirTexts", "tokenizer/sentencepiece/decode.jsonl",
                       checkText),
            ownCase("demoTextsGiveTheirIds", kData / "demo_golden.jsonl", kDemoModel, checkIds),
            ownCase("demoIdsGiveTheirTextsAndChunks", kData / "demo_decode.jsonl", kDemoModel,
                    checkText),
            ownCase("aliasesOfANormalizerGiveTheirIds", kData / "aliases/golden.jsonl",
                    kData / "aliases", checkIds),
            {"bothMergersAgreeOnTheDemoTexts",
             [](Findings& findings) {
                 bothMergersAgree(kDemoModel, kData / "demo_golden.jsonl", findings);
             }},
            {"bothMergersAgreeOnTheFullVocabulary", bothMergersAgreeOnTheFullVocabulary}};
}

}  // namespace apertura::test
