#include "inference/sampling/sampler.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <string>

#include "inference/text/tokenizer.h"
#include "tests/support/cases.h"
#include "tests/support/pace.h"

namespace apertura::test {

namespace {

SamplerStart startOf(const SamplingOptions& options, std::size_t vocabularySize,
                     std::uint64_t seed = 7) {
    SamplerStart start;
    start.options = options;
    start.seed = seed;
    start.vocabularySize = static_cast<std::int64_t>(vocabularySize);
    return start;
}

std::vector<float> normalLogits(std::size_t count, float deviation) {
    std::mt19937 generator(20261124);
    std::normal_distribution<float> normal(0.0F, deviation);
    std::vector<float> logits(count);
    for (float& logit : logits) {
        logit = normal(generator);
    }
    return logits;
}

// Pearson's statistic of 10^5 draws against the distribution they are drawn from. With 11 degrees
// of freedom it exceeds 31.26 once in a thousand seeds; the seeds here are fixed, so the test is
// not a gamble.
void drawsFollowTheDistribution(Findings& findings) {
    constexpr int kDraws = 100'000;
    constexpr double kCritical = 31.26;
    const auto logits = normalLogits(12, 1.0F);
    SamplingOptions options;
    options.temperature = 0.9;
    for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{42}, ~std::uint64_t{0}}) {
        auto sampler = Sampler::create(startOf(options, logits.size(), seed));
        const auto expected = sampler->distribution(logits);
        std::map<TokenId, int> counts;
        for (int i = 0; i < kDraws; ++i) {
            ++counts[*sampler->next(logits)];
        }
        double statistic = 0.0;
        for (const auto& [id, probability] : *expected) {
            const double difference = counts[id] - probability * kDraws;
            statistic += difference * difference / (probability * kDraws);
        }
        findings.note("chi-square " + std::to_string(statistic) + " with 11 degrees of freedom");
        findings.verify(statistic < kCritical, "draws differ from their distribution");
    }
}

// XTC's decision is a draw of its own: it must come true as often as its probability says.
void xtcActsAsOftenAsItsProbability(Findings& findings) {
    constexpr int kDraws = 100'000;
    const std::vector<float> logits = {2.0F, 2.0F, -50.0F};
    SamplingOptions options;
    options.xtcProbability = 0.3;
    auto sampler = Sampler::create(startOf(options, logits.size()));
    int first = 0;
    for (int i = 0; i < kDraws; ++i) {
        first += *sampler->next(logits) == 0 ? 1 : 0;
    }
    // token 0 is drawn half the time where XTC does not act, never where it does; 4 sigma = 0.006
    findings.verify(std::abs(first / double{kDraws} - 0.35) < 0.006, "share of the top choice");
}

void sameSeedSameTokens(Findings& findings) {
    const auto logits = normalLogits(500, 1.0F);
    std::vector<std::vector<TokenId>> answers;
    for (const std::uint64_t seed : {std::uint64_t{1}, std::uint64_t{1}, std::uint64_t{2}}) {
        auto sampler = Sampler::create(startOf({}, logits.size(), seed));
        for (int i = 0; i < 40; ++i) {
            static_cast<void>(sampler->next(logits));
        }
        answers.push_back(sampler->history());
    }
    findings.verify(answers[0] == answers[1], "the same seed gave another answer");
    findings.verify(answers[0] != answers[2], "another seed gave the same answer");
}

void aContinuedAnswerGoesOnCounting(Findings& findings) {
    const auto logits = normalLogits(300, 1.0F);
    auto whole = Sampler::create(startOf({}, logits.size()));
    for (int i = 0; i < 20; ++i) {
        static_cast<void>(whole->next(logits));
    }
    SamplerStart start = startOf({}, logits.size());
    start.history.assign(whole->history().begin(), whole->history().begin() + 8);
    auto continued = Sampler::create(start);
    for (int i = 8; i < 20; ++i) {
        static_cast<void>(continued->next(logits));
    }
    findings.verify(whole->history() == continued->history(), "the continuation differs");
}

void partialSortingEqualsSortingAll(Findings& findings) {
    const auto logits = normalLogits(20000, 1.5F);
    SamplingOptions neutral;
    const auto all = Sampler::create(startOf(neutral, logits.size()))->distribution(logits);
    SamplingOptions cut;
    for (const double topP : {0.01, 0.5, 0.9, 0.999, 0.9999999}) {
        cut.topP = topP;
        const auto kept = Sampler::create(startOf(cut, logits.size()))->distribution(logits);
        double sum = 0.0;
        std::size_t expected = 0;
        while (sum < topP) {
            sum += (*all)[expected++].second;
        }
        findings.equal(kept->size(), expected, "tokens within top_p " + std::to_string(topP));
        findings.equal(kept->back().first, (*all)[expected - 1].first, "the last of them");
    }
    cut = {};
    cut.topK = 40;
    const auto kept = Sampler::create(startOf(cut, logits.size()))->distribution(logits);
    for (std::size_t i = 0; i < kept->size(); ++i) {
        findings.equal((*kept)[i].first, (*all)[i].first, "place " + std::to_string(i));
    }
    findings.equal(kept->size(), std::size_t{40}, "top-k tokens");
}

void equalLogitsStandInTheOrderOfIds(Findings& findings) {
    // enough tokens for either way of sorting; rounded, so that many are equal, 0 and -0 among them
    for (const std::size_t count : {std::size_t{100}, std::size_t{20000}}) {
        auto logits = normalLogits(count, 2.0F);
        for (float& logit : logits) {
            logit = std::round(logit);
        }
        const auto all = Sampler::create(startOf({}, count))->distribution(logits);
        findings.equal(all->size(), count, "tokens");
        for (std::size_t i = 1; i < all->size(); ++i) {
            const TokenId a = (*all)[i - 1].first;
            const TokenId b = (*all)[i].first;
            const float la = logits[static_cast<std::size_t>(a)];
            const float lb = logits[static_cast<std::size_t>(b)];
            if (!findings.verify(la > lb || (la == lb && a < b), "place " + std::to_string(i))) {
                return;
            }
        }
    }
}

// Typical-p as the formula has it: all tokens sorted by their distance from the entropy.
std::vector<TokenId> typicalTokens(const std::vector<std::pair<TokenId, double>>& all,
                                   double typicalP) {
    double entropy = 0.0;
    for (const auto& [id, p] : all) {
        entropy -= p * std::log(p);
    }
    std::vector<std::pair<double, std::size_t>> distances;
    for (std::size_t i = 0; i < all.size(); ++i) {
        // Rounded: tokens of equal logits must not be told apart by the last bit.
        const double distance = std::abs(-std::log(all[i].second) - entropy);
        distances.emplace_back(std::round(distance * 1e9) / 1e9, i);
    }
    std::sort(distances.begin(), distances.end());
    std::vector<std::size_t> places;
    double sum = 0.0;
    for (std::size_t i = 0; i < distances.size() && sum < typicalP; ++i) {
        places.push_back(distances[i].second);
        sum += all[distances[i].second].second;
    }
    std::sort(places.begin(), places.end());
    std::vector<TokenId> ids;
    for (const std::size_t place : places) {
        ids.push_back(all[place].first);
    }
    return ids;
}

void typicalTokensAreThoseNearestToTheEntropy(Findings& findings) {
    std::mt19937 random(5);
    for (int round = 0; round < 300; ++round) {
        std::vector<float> logits(1 + random() % 40);
        // On a coarse grid, so that runs of equal ones are cut.
        std::generate(logits.begin(), logits.end(),
                      [&] { return static_cast<float>(random() % 6) * 0.75F; });
        SamplingOptions options;
        const auto all = Sampler::create(startOf(options, logits.size()))->distribution(logits);
        // Not at a sum that rounding could put on either side.
        options.typicalP = 0.0503 + static_cast<double>(random() % 9000) / 10000.0;
        const auto kept = Sampler::create(startOf(options, logits.size()))->distribution(logits);
        std::vector<TokenId> ids;
        for (const auto& [id, probability] : *kept) {
            ids.push_back(id);
        }
        if (!findings.verify(ids == typicalTokens(*all, options.typicalP),
                             "round " + std::to_string(round) + " keeps other tokens")) {
            return;
        }
    }
}

void aFailedTokenLeavesTheHistory(Findings& findings) {
    auto sampler = Sampler::create(startOf({}, 3));
    const std::vector<float> broken = {0.0F, std::nanf(""), 0.0F};
    const std::vector<float> sound = {0.0F, 9.0F, 0.0F};
    findings.verify(!sampler->next(broken).ok(), "NaN was drawn from");
    findings.verify(sampler->history().empty(), "the history grew");
    findings.verify(sampler->next(sound).ok(), "the sampler is of no use afterwards");
}

void smallPenaltiesDoNotOverflow(Findings& findings) {
    SamplingOptions options;
    options.repetitionPenalty = 1e-300;
    SamplerStart start = startOf(options, 3);
    start.history = {0, 1};
    auto sampler = Sampler::create(start);
    const std::vector<float> logits = {3e38F, 2.0F, 1.0F};
    const auto distribution = sampler->distribution(logits);
    if (findings.verify(distribution.ok(), "refused")) {
        findings.equal(distribution->front().first, 0, "the most likely token");
        findings.equal(distribution->front().second, 1.0, "its probability");
    }
}

void optionsSurviveTheWayThroughJson(Findings& findings) {
    const std::string text =
        R"({"temperature":0.7,"top_k":40,"dry_sequence_breakers":[3],"dry_breaker_texts":["\n","é"],)"
        R"("logit_bias":{"5":-2.5},"banned":[1,2],"seed":18446744073709551615,"max_tokens":12,"stop":["\n\n"],)"
        R"("ignore_eos":true,"logprobs":3})";
    const auto options = parseSampling(text);
    if (!findings.verify(options.ok(), options.ok() ? "" : options.error().message)) {
        return;
    }
    findings.equal(options->topP, 1.0, "a parameter that is not named");
    findings.equal(*options->seed, ~std::uint64_t{0}, "seed");
    const std::string written = samplingToJson(*options);
    const auto again = parseSampling(written);
    findings.verify(again.ok() && samplingToJson(*again) == written,
                    "not the same again: " + written);
    findings.verify(written.find("\\u00e9") != std::string::npos, "JSON is not ASCII-escaped");
    findings.verify(!parseSampling("[1]").ok() && !parseSampling("{").ok(), "other JSON is taken");
}

void refusalsNameRangeAndValue(Findings& findings) {
    SamplingOptions options;
    options.topP = 1.5;
    const std::string expected = "top_p must be greater than 0 and at most 1, but is 1.5.";
    findings.equal(validateSampling(options).error().message, expected, "sentence");
    findings.equal(parseSampling(R"({"top_p":1.5})").error().message, expected, "sentence");
    options = {};
    options.maxTokens = 0;
    options.stop = {"ok", ""};
    findings.equal(validateSampling(options).error().message,
                   "max_tokens must be a whole number from 1 to 2147483647, but is 0.", "sentence");
}

// Four tokens, one of them special.
class SmallTokenizer : public Tokenizer {
public:
    std::vector<TokenId> encode(std::string_view, const EncodeOptions&) const override {
        return {};
    }
    std::string_view bytes(TokenId id) const override {
        return kTexts[static_cast<std::size_t>(id)];
    }
    std::string_view piece(TokenId id) const override { return bytes(id); }
    bool isSpecial(TokenId id) const override { return id == 0; }
    std::optional<TokenId> find(std::string_view) const override { return std::nullopt; }
    std::int64_t size() const override { return static_cast<std::int64_t>(kTexts.size()); }
    std::optional<TokenId> bosToken() const override { return std::nullopt; }
    std::string bosText() const override { return ""; }
    std::string eosText() const override { return ""; }

private:
    static constexpr std::array<std::string_view, 4> kTexts = {"<s>", "word", " a\n\nb", "said:"};
};

void breakersAreFoundInTheVocabulary(Findings& findings) {
    SamplingOptions options;
    findings.verify(dryBreakers(options, SmallTokenizer()).empty(), "read although DRY is off");
    options.dryMultiplier = 0.8;
    findings.verify(dryBreakers(options, SmallTokenizer()) == sampling::TokenSet{0, 2, 3},
                    "default breakers");
    options.drySequenceBreakers = {"wo"};
    findings.verify(dryBreakers(options, SmallTokenizer()) == sampling::TokenSet{0, 1},
                    "breakers of one's own");
}

double millisecondsPerToken(const SamplingOptions& options, const std::vector<float>& logits) {
    constexpr int kTokens = 20;
    auto sampler = Sampler::create(startOf(options, logits.size()));
    static_cast<void>(sampler->next(logits));
    const double begin = workSeconds();
    for (int i = 0; i < kTokens; ++i) {
        static_cast<void>(sampler->next(logits));
    }
    return (workSeconds() - begin) * 1000.0 / kTokens;
}

// A figure to read, with a bound that only a change of the complexity can break on a busy machine.
void aTokenOfTheFullVocabularyIsCheap(Findings& findings) {
    constexpr std::size_t kVocabulary = 131'072;
    constexpr double kGenerousMs = 60.0 * kPatience;
    std::map<std::string, SamplingOptions> chains;
    chains["greedy"].temperature = 0.0;
    chains["temperature"].temperature = 0.8;
    chains["temperature, top-p"].temperature = 0.8;
    chains["temperature, top-p"].topP = 0.9;
    chains["temperature, top-k, top-p"] = chains["temperature, top-p"];
    chains["temperature, top-k, top-p"].topK = 50;
    chains["min-p"].minP = 0.05;
    chains["typical-p"].typicalP = 0.9;
    // deviation 1 is nearly flat, 4 is as peaked as a language model's
    for (const float deviation : {1.0F, 4.0F}) {
        const auto logits = normalLogits(kVocabulary, deviation);
        for (const auto& [name, options] : chains) {
            const double milliseconds = millisecondsPerToken(options, logits);
            findings.note(name + ", deviation " + std::to_string(deviation) + ": " +
                          std::to_string(milliseconds) + " ms a token");
            findings.verify(milliseconds < kGenerousMs, name + " is slow");
        }
    }
}

}  // namespace

std::vector<Case> cases() {
    return {{"drawsFollowTheDistribution", drawsFollowTheDistribution},
            {"xtcActsAsOftenAsItsProbability", xtcActsAsOftenAsItsProbability},
            {"sameSeedSameTokens", sameSeedSameTokens},
            {"aContinuedAnswerGoesOnCounting", aContinuedAnswerGoesOnCounting},
            {"partialSortingEqualsSortingAll", partialSortingEqualsSortingAll},
            {"equalLogitsStandInTheOrderOfIds", equalLogitsStandInTheOrderOfIds},
            {"typicalTokensAreThoseNearestToTheEntropy", typicalTokensAreThoseNearestToTheEntropy},
            {"aFailedTokenLeavesTheHistory", aFailedTokenLeavesTheHistory},
            {"smallPenaltiesDoNotOverflow", smallPenaltiesDoNotOverflow},
            {"optionsSurviveTheWayThroughJson", optionsSurviveTheWayThroughJson},
            {"refusalsNameRangeAndValue", refusalsNameRangeAndValue},
            {"breakersAreFoundInTheVocabulary", breakersAreFoundInTheVocabulary},
            {"aTokenOfTheFullVocabularyIsCheap", aTokenOfTheFullVocabularyIsCheap}};
}

}  // namespace apertura::test
