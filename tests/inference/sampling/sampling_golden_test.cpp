// Distributions, draws, generator words, log-probabilities and refusals against the recorded ones.
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

#include "inference/sampling/philox.h"
#include "inference/sampling/sampler.h"
#include "tests/support/cases.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

using Json = nlohmann::json;

constexpr double kShownProbability = 1e-30;  // smaller ones are left out of the goldens

double number(const Json& value) {
    if (value.is_number()) {
        return value.get<double>();
    }
    const auto text = value.get<std::string>();
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    return text == "inf" ? kInfinity : text == "-inf" ? -kInfinity : std::nan("");
}

std::vector<float> logitsOf(const Json& line) {
    std::vector<float> logits;
    for (const Json& value : line.at("logits")) {
        logits.push_back(static_cast<float>(number(value)));
    }
    return logits;
}

Result<Sampler> samplerFor(const Json& line, std::size_t vocabularySize) {
    const auto options = parseSampling(line.at("params").dump());
    if (!options) {
        return options.error();
    }
    SamplerStart start;
    start.options = *options;
    start.seed = line.value("seed", std::uint64_t{0});
    start.history = line.value("history", std::vector<TokenId>{});
    start.promptLength = line.value("prompt_length", std::size_t{0});
    start.vocabularySize = static_cast<std::int64_t>(vocabularySize);
    return Sampler::create(std::move(start));
}

void checkDistribution(const Json& line, Findings& findings) {
    const auto logits = logitsOf(line);
    const auto name = line.at("name").get<std::string>();
    auto sampler = samplerFor(line, logits.size());
    if (!findings.verify(sampler.ok(), name + ": refused")) {
        return;
    }
    const double xtcDraw = line.value("xtc_draw", 1.0);
    const auto found = sampler->distribution(logits, xtcDraw);
    if (!findings.verify(found.ok(), name + ": no distribution")) {
        return;
    }
    std::size_t i = 0;
    const Json& expected = line.at("expected");
    for (const auto& [id, probability] : *found) {
        if (probability < kShownProbability) {
            continue;
        }
        if (i == expected.size() || id != expected[i][0].get<TokenId>() ||
            !(std::abs(probability - expected[i][1].get<double>()) <=
              line.at("tolerance").get<double>())) {
            findings.fail(name + ": place " + std::to_string(i) + " has id " + std::to_string(id) +
                          " at " + std::to_string(probability));
            return;
        }
        ++i;
    }
    findings.equal(i, expected.size(), name + ": tokens");
}

void checkDraws(const Json& line, Findings& findings) {
    const auto logits = logitsOf(line);
    const auto expected = line.at("expected_ids").get<std::vector<TokenId>>();
    Json withPrompt = line;
    withPrompt["prompt_length"] = line.at("history").size();
    auto sampler = samplerFor(withPrompt, logits.size());
    if (!findings.verify(sampler.ok(), "refused")) {
        return;
    }
    for (std::size_t i = 0; i < expected.size(); ++i) {
        const auto id = sampler->next(logits);
        if (!findings.verify(id.ok(), "no token") ||
            !findings.equal(*id, expected[i],
                            "seed " + line.at("seed").dump() + ", token " + std::to_string(i))) {
            return;
        }
    }
}

void checkGenerator(const Json& line, Findings& findings) {
    const auto seed = line.at("seed").get<std::uint64_t>();
    for (std::uint64_t block = 0; block < line.at("words").size(); ++block) {
        findings.verify(sampling::blockOfToken(seed, block) ==
                            line.at("words")[block].get<sampling::PhiloxBlock>(),
                        "words of block " + std::to_string(block));
    }
    for (std::uint64_t t = 0; t < line.at("uniforms").size(); ++t) {
        const auto uniforms = sampling::uniformsOfToken(seed, t);
        findings.equal(uniforms.draw, line.at("uniforms")[t].get<double>(), "u");
        findings.equal(uniforms.xtc, line.at("xtc_uniforms")[t].get<double>(), "u'");
    }
}

void checkLogprobs(const Json& line, Findings& findings) {
    const auto logits = logitsOf(line);
    const double tolerance = line.at("tolerance").get<double>();
    const auto found = logProbabilities(logits, line.at("chosen").get<TokenId>(),
                                        line.at("n").get<std::int64_t>());
    const double expected = number(line.at("logprob"));
    findings.verify(found.logprob == expected || std::abs(found.logprob - expected) <= tolerance,
                    "log-probability of the chosen token");
    const Json& top = line.at("top");
    if (findings.equal(found.top.size(), top.size(), "alternatives")) {
        for (std::size_t i = 0; i < top.size(); ++i) {
            findings.equal(found.top[i].id, top[i][0].get<TokenId>(), "alternative");
            findings.verify(std::abs(found.top[i].logprob - number(top[i][1])) <= tolerance,
                            "its log-probability");
        }
    }
}

// Refused before a token is made or, where the logits are at fault, when one is asked for.
void checkRefusal(const Json& line, Findings& findings) {
    const bool hasLogits = line.contains("logits");
    const auto logits = hasLogits ? logitsOf(line) : std::vector<float>(96, 0.0F);
    auto sampler = samplerFor(line, logits.size());
    std::string sentence;
    if (!sampler) {
        sentence = sampler.error().message;
    } else if (const auto id = sampler->next(logits); !id) {
        sentence = id.error().message;
    }
    const auto parameter = line.at("parameter").get<std::string>();
    const bool isNamed = sentence.find(parameter) != std::string::npos && sentence.back() == '.';
    const bool isFirst = line.at("kind") == "name" || line.at("kind") == "logits" ||
                         sentence.rfind(parameter, 0) == 0;
    findings.verify(isNamed && isFirst, line.dump().substr(0, 100) + ": \"" + sentence + "\"");
}

Case goldenCase(const std::string& name, const std::string& file,
                void (*check)(const Json&, Findings&)) {
    return {name, [=](Findings& findings) {
                std::size_t lines = 0;
                for (const auto& path : findGoldens("samplers/" + file)) {
                    for (const std::string& line : readLines(path)) {
                        check(Json::parse(line), findings);
                        ++lines;
                    }
                }
                findings.note(std::to_string(lines) + " lines");
                findings.verify(lines > 0, "no " + file + " anywhere");
            }};
}

}  // namespace

std::vector<Case> cases() {
    return {goldenCase("everyDistributionEqualsTheRecordedOne", "golden.jsonl", checkDistribution),
            goldenCase("everyDrawEqualsTheRecordedOne", "draws.jsonl", checkDraws),
            goldenCase("theGeneratorGivesTheRecordedWords", "generator.jsonl", checkGenerator),
            goldenCase("logProbabilitiesEqualTheRecordedOnes", "logprobs.jsonl", checkLogprobs),
            goldenCase("everyWrongParameterIsRefusedByName", "invalid.jsonl", checkRefusal)};
}

}  // namespace apertura::test
