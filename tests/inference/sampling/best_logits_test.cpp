// Drawing from the best tokens of a row instead of the row: the same tokens, whatever the options.
#include "inference/sampling/best_logits.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "inference/sampling/sampler.h"
#include "tests/support/cases.h"

namespace apertura::test {

namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

struct Setting {
    std::string name;
    std::function<void(SamplingOptions&)> set;
    std::int64_t wanted = 0;     // of the best tokens
    double servedAtLeast = 0.0;  // share of the tokens that need no row, over peaked rows
};

std::vector<Setting> settings() {
    using O = SamplingOptions;
    return {
        {"greedy", [](O& o) { o.temperature = 0.0; }, 1, 1.0},
        {"greedyWithLogprobs", [](O& o) { o.temperature = 0.0, o.logprobs = 20; }, 20, 1.0},
        {"greedyWithPenalties",
         [](O& o) { o.temperature = 0.0, o.repetitionPenalty = 1.3, o.dryMultiplier = 0.8; }, 256,
         1.0},
        {"greedyWithBans",
         [](O& o) {
             o.temperature = 0.0, o.banned = {0, 5, 7}, o.logitBias = {{9, -3.0}};
         },
         256, 1.0},
        {"greedyWithRaisedLogits",
         [](O& o) {
             o.temperature = 0.0, o.logitBias = {{9, 3.0}};
         },
         0},
        {"greedyWithLowPenalty", [](O& o) { o.temperature = 0.0, o.repetitionPenalty = 0.9; }, 0},
        {"chat", [](O& o) { o.temperature = 0.8, o.topP = 0.9; }, 256, 0.9},
        {"hot", [](O& o) { o.temperature = 1.7, o.topP = 0.95; }, 256},
        {"cold", [](O& o) { o.temperature = 1e-3, o.topP = 0.95; }, 256, 0.9},
        {"topK", [](O& o) { o.topK = 40; }, 40, 1.0},
        {"topKAndTopP", [](O& o) { o.topK = 50, o.topP = 0.8, o.temperature = 0.7; }, 50, 0.99},
        {"topKOfAll", [](O& o) { o.topK = 256; }, 256, 1.0},
        {"topKTooLarge", [](O& o) { o.topK = 257; }, 0},
        {"topKWithPenalties",
         [](O& o) { o.topK = 30, o.frequencyPenalty = 0.4, o.presencePenalty = 0.2; }, 256, 0.9},
        {"minP", [](O& o) { o.minP = 0.05; }, 256, 0.9},
        {"minPWithPenalties", [](O& o) { o.minP = 0.05, o.repetitionPenalty = 1.2; }, 256, 0.9},
        {"minPTooSmall", [](O& o) { o.minP = 1e-9; }, 256},
        {"topPAndMinP", [](O& o) { o.topP = 0.95, o.minP = 0.02; }, 256, 0.2},
        {"topPWithPenalties", [](O& o) { o.topP = 0.9, o.presencePenalty = 0.1; }, 0},
        {"typicalAlone", [](O& o) { o.typicalP = 0.9; }, 0},
        {"typicalAfterTopP", [](O& o) { o.topP = 0.9, o.typicalP = 0.8; }, 256, 0.5},
        {"typicalAfterTopK", [](O& o) { o.topK = 64, o.typicalP = 0.8; }, 64, 1.0},
        {"xtcAfterTopK", [](O& o) { o.topK = 64, o.xtcProbability = 0.5; }, 64, 1.0},
        {"xtcAfterMinP", [](O& o) { o.minP = 0.05, o.xtcProbability = 0.5; }, 256, 0.9},
        {"xtcAlone", [](O& o) { o.xtcProbability = 0.5; }, 0},
        {"topNSigma", [](O& o) { o.topNSigma = 1.0, o.topK = 10; }, 0},
        {"everything", [](O& o) { o.temperature = 0.9; }, 256, 0.2},
        {"tooManyLogprobs", [](O& o) { o.temperature = 0.0, o.logprobs = 257; }, 0},
    };
}

SamplingOptions optionsOf(const Setting& setting) {
    SamplingOptions options;
    setting.set(options);
    return options;
}

void theNumberWantedFollowsFromTheOptions(Findings& findings) {
    for (const Setting& setting : settings()) {
        findings.equal(bestLogitsWanted(optionsOf(setting)), setting.wanted, setting.name);
    }
}

enum class Shape { peaked, flat, tied, hidden };

std::vector<float> rowOf(Shape shape, std::size_t count, std::mt19937& random) {
    std::normal_distribution<float> normal(0.0F, shape == Shape::flat ? 0.5F : 3.0F);
    std::vector<float> row(count);
    for (float& logit : row) {
        logit = normal(random);
        if (shape == Shape::tied) {
            logit = std::round(logit);
        }
        if (shape == Shape::hidden && random() % 8 != 0) {
            logit = static_cast<float>(kNever);
        }
    }
    return row;
}

Sampler samplerOf(const SamplingOptions& options, std::size_t vocabulary) {
    SamplerStart start;
    start.options = options;
    start.seed = 11;
    start.vocabularySize = static_cast<std::int64_t>(vocabulary);
    start.history = {1, 2, 3, 1, 2, 3, 4, 1, 2};
    start.promptLength = 4;
    return *Sampler::create(std::move(start));
}

// The share of tokens that the best logits sufficed for. Their sums are off by `error` of
// themselves.
double compare(const Setting& setting, Shape shape, std::size_t vocabulary, double error,
               Findings& findings) {
    constexpr int kTokens = 60;
    const SamplingOptions options = optionsOf(setting);
    Sampler ofRows = samplerOf(options, vocabulary);
    Sampler ofBest = samplerOf(options, vocabulary);
    const BestLogitsRequest request{std::min(setting.wanted, static_cast<std::int64_t>(vocabulary)),
                                    options.temperature > 0.0 ? options.temperature : 1.0};
    std::mt19937 random(5);
    BestLogits best;
    int served = 0;
    for (int i = 0; i < kTokens; ++i) {
        const auto row = rowOf(shape, vocabulary, random);
        findBestLogits(row, request, best);
        best.weightSum *= 1.0 + error;
        const auto expected = ofRows.next(row);
        CHECK(expected.ok());
        std::optional<TokenId> got = ofBest.next(best);
        served += got ? 1 : 0;
        if (!got) {
            got = *ofBest.next(row);
        }
        if (!findings.equal(*got, *expected, setting.name + ", token " + std::to_string(i))) {
            break;
        }
    }
    return static_cast<double>(served) / kTokens;
}

void theTokensAreThoseOfTheRow(Findings& findings) {
    for (const Setting& setting : settings()) {
        if (setting.wanted == 0) {
            continue;
        }
        for (const Shape shape : {Shape::peaked, Shape::flat, Shape::tied, Shape::hidden}) {
            for (const double error :
                 {0.0, 0.9 * kBestLogitsSumError, -0.9 * kBestLogitsSumError}) {
                const double served = compare(setting, shape, 3000, error, findings);
                if (shape == Shape::peaked && error == 0.0) {
                    findings.note(setting.name + ": " + std::to_string(served));
                    findings.verify(served >= setting.servedAtLeast,
                                    setting.name + " is served " + std::to_string(served));
                }
            }
        }
    }
}

void aSmallVocabularyIsKnownWhole(Findings& findings) {
    for (const Setting& setting : settings()) {
        if (setting.wanted == kMostBestLogits) {
            for (const std::size_t vocabulary : {11, 64, 256}) {
                const double served = compare(setting, Shape::peaked, vocabulary, 0.0, findings);
                findings.verify(served > 0.8,
                                setting.name + " is served " + std::to_string(served));
            }
        }
    }
}

void theTokensAreThoseOfALargeVocabulary(Findings& findings) {
    for (const Setting& setting : settings()) {
        if (setting.name == "chat" || setting.name == "topKAndTopP" || setting.name == "greedy") {
            compare(setting, Shape::peaked, 131072, 0.0, findings);
        }
    }
}

void aBrokenRowIsLeftToTheRow(Findings& findings) {
    SamplingOptions options;
    options.temperature = 0.0;
    for (const float broken : {std::nanf(""), INFINITY, -INFINITY}) {
        std::vector<float> row(500, -INFINITY);
        row[300] = broken;
        BestLogits best;
        findBestLogits(row, {1, 1.0}, best);
        Sampler sampler = samplerOf(options, row.size());
        const auto before = sampler.history();
        findings.verify(!sampler.next(best), "drawn from " + std::to_string(broken));
        findings.verify(!sampler.next(row).ok() && sampler.history() == before, "the sentence");
    }
    // All known tokens are banned.
    options.banned = {0, 1, 2};
    std::vector<float> row(600, -1.0F);
    row[0] = row[1] = row[2] = 1.0F;
    BestLogits best;
    findBestLogits(row, {3, 1.0}, best);
    Sampler sampler = samplerOf(options, row.size());
    findings.verify(!sampler.next(best), "a banned token was drawn");
    findings.equal(*sampler.next(row), TokenId{3}, "from the row");
}

void logProbabilitiesAreThoseOfTheRow(Findings& findings) {
    std::mt19937 random(3);
    for (const Shape shape : {Shape::peaked, Shape::tied, Shape::hidden}) {
        const auto row = rowOf(shape, 1000, random);
        BestLogits best;
        findBestLogits(row, {150, 1.0}, best);
        for (const std::size_t rank : {0, 1, 17, 100}) {
            const TokenId chosen = best.tokens[rank].id;
            const SampledToken got = logProbabilities(best, chosen, 20);
            const SampledToken expected = logProbabilities(row, chosen, 20);
            findings.equal(got.logprob, expected.logprob, "log-probability");
            findings.equal(got.rank, expected.rank, "rank");
            findings.equal(got.top.size(), expected.top.size(), "alternatives");
            for (std::size_t i = 0; i < got.top.size(); ++i) {
                findings.verify(got.top[i].id == expected.top[i].id &&
                                    got.top[i].logprob == expected.top[i].logprob,
                                "alternative " + std::to_string(i));
            }
        }
    }
}

}  // namespace

std::vector<Case> cases() {
    return {{"theNumberWantedFollowsFromTheOptions", theNumberWantedFollowsFromTheOptions},
            {"theTokensAreThoseOfTheRow", theTokensAreThoseOfTheRow},
            {"aSmallVocabularyIsKnownWhole", aSmallVocabularyIsKnownWhole},
            {"theTokensAreThoseOfALargeVocabulary", theTokensAreThoseOfALargeVocabulary},
            {"aBrokenRowIsLeftToTheRow", aBrokenRowIsLeftToTheRow},
            {"logProbabilitiesAreThoseOfTheRow", logProbabilitiesAreThoseOfTheRow}};
}

}  // namespace apertura::test
