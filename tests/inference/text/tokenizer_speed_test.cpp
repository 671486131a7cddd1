// What loading and encoding cost, with the full vocabulary where it is found.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <unordered_map>

#include "inference/text/tokenizer.h"
#include "tests/support/cases.h"
#include "tests/support/goldens.h"
#include "tests/support/pace.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

constexpr double kLoadSeconds = 0.5 * kPatience;
constexpr double kMegabyteSeconds = 2.0 * kPatience;

double secondsToEncode(const Tokenizer& tokenizer, const std::string& text) {
    const double begin = workSeconds();
    const auto ids = tokenizer.encode(text, {});
    return ids.empty() ? 1e9 : workSeconds() - begin;
}

double secondsToLoad(const fs::path& folder) {
    const double begin = workSeconds();
    const auto tokenizer = loadTokenizer(folder);
    return tokenizer.ok() ? workSeconds() - begin : 1e9;
}

// How much longer than where the limits were set a like piece of work, filling a hash table with
// short strings, takes here and now: slower processors, and others that share their caches. 1 at
// least.
double slowness() {
    constexpr double kSecondsThere = 0.03;
    constexpr int kStrings = 100'000;
    const double begin = workSeconds();
    std::unordered_map<std::string, int> table;
    for (int i = 0; i < kStrings; ++i) {
        table.emplace("token number " + std::to_string(i), i);
    }
    return std::max(1.0, (workSeconds() - begin) / kSecondsThere);
}

std::string goldenMegabyte(const fs::path& goldens) {
    std::string texts;
    for (const std::string& line : readLines(goldens)) {
        texts += nlohmann::json::parse(line).at("text").get<std::string>() + "\n";
    }
    std::string megabyte;
    while (megabyte.size() < 1'000'000) {
        megabyte += texts;
    }
    megabyte.resize(1'000'000);
    return megabyte;
}

// Texts that tempt a tokenizer into quadratic time. Each is measured at two lengths.
std::vector<std::pair<std::string, std::string>> temptingTexts(std::size_t length) {
    std::vector<std::pair<std::string, std::string>> texts = {{"one letter", ""}, {"letters", ""},
                                                              {"capitals", ""},   {"spaces", ""},
                                                              {"signs", ""},      {"thai", ""}};
    const std::string thai = "\xE0\xB8\x81\xE0\xB8\xB2\xE0\xB8\xA3";
    for (std::size_t i = 0; i < length; ++i) {
        texts[0].second += 'a';
        texts[1].second += static_cast<char>('a' + i * i % 26);
        texts[2].second += static_cast<char>('A' + i * 7 % 26);
        texts[3].second += i % 7 == 0 ? '\t' : ' ';
        texts[4].second += "<|>/-"[i * i % 5];
        texts[5].second += thai[i % thai.size()];
    }
    return texts;
}

void checkLinear(const Tokenizer& tokenizer, Findings& findings) {
    const auto shorter = temptingTexts(20'000);
    const auto longer = temptingTexts(160'000);
    for (std::size_t i = 0; i < shorter.size(); ++i) {
        const double first = secondsToEncode(tokenizer, shorter[i].second);
        const double second = secondsToEncode(tokenizer, longer[i].second);
        findings.note(shorter[i].first + ": 20 kB in " + std::to_string(first) + " s, 160 kB in " +
                      std::to_string(second) + " s");
        findings.verify(first < 0.1 * kPatience, shorter[i].first + ": 20 kB take too long");
        // Eight times the text; quadratic time would be sixty-four times.
        findings.verify(second < 24 * first + 0.02 * kPatience,
                        shorter[i].first + ": more than linear time");
    }
}

void loadingAndEncodingAreFast(Findings& findings) {
    int found = 0;
    for (const auto& goldens : findGoldens("tokenizer/golden.jsonl")) {
        if (!fs::exists(goldens.parent_path() / "tokenizer.json")) {
            continue;
        }
        ++found;
        double load = 1e9;
        for (int round = 0; round < 5 && load >= kLoadSeconds; ++round) {
            const double slow = slowness();
            load = std::min(load, secondsToLoad(goldens.parent_path()) / slow);
            findings.note("slowness " + std::to_string(slow));
        }
        const auto tokenizer = loadTokenizer(goldens.parent_path());
        if (!findings.verify(tokenizer.ok(), "it loads")) {
            continue;
        }
        const double encode = secondsToEncode(**tokenizer, goldenMegabyte(goldens));
        findings.note("load " + std::to_string(load) + " s, 1 MB " + std::to_string(encode) + " s");
        findings.verify(load < kLoadSeconds, "loading takes " + std::to_string(load) + " s");
        findings.verify(encode < kMegabyteSeconds, "1 MB takes " + std::to_string(encode) + " s");
        checkLinear(**tokenizer, findings);
    }
    if (found == 0) {
        findings.skip("the full tokenizer is not here");
    }
}

void theDemoTokenizerIsLinear(Findings& findings) {
    const auto tokenizer =
        loadTokenizer(fs::path(APERTURA_SOURCE_DIR) / "resources/demo-model/bf16");
    if (findings.verify(tokenizer.ok(), "it loads")) {
        checkLinear(**tokenizer, findings);
    }
}

void sentencePieceIsLinear(Findings& findings) {
    for (const auto& model : findGoldens("tokenizer/sentencepiece/tokenizer.model")) {
        const auto tokenizer = loadTokenizer(model.parent_path());
        if (findings.verify(tokenizer.ok(), "it loads")) {
            checkLinear(**tokenizer, findings);
        }
    }
}

}  // namespace

std::vector<Case> cases() {
    return {{"loadingAndEncodingAreFast", loadingAndEncodingAreFast},
            {"theDemoTokenizerIsLinear", theDemoTokenizerIsLinear},
            {"sentencePieceIsLinear", sentencePieceIsLinear}};
}

}  // namespace apertura::test
