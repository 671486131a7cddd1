// Stop strings: the golden cases, and that the cut of the pieces does not matter.
#include "inference/text/stop_matcher.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tests/support/cases.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

using Json = nlohmann::json;

void checkGolden(const Json& golden, const std::string& where, Findings& findings) {
    StopMatcher matcher(golden.at("stop").get<std::vector<std::string>>());
    const auto pieces = golden.at("pieces").get<std::vector<std::string>>();
    const auto shown = golden.at("shown").get<std::vector<std::string>>();
    std::string text;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        text += matcher.push(pieces[i]);
        findings.equal(text, shown.at(i), where + " after piece " + std::to_string(i));
    }
    const std::string reason = matcher.stopped() ? "stop" : "length";
    findings.equal(reason, golden.at("finish_reason").get<std::string>(), where);
    text += matcher.finish();
    findings.equal(text, golden.at("final").get<std::string>(), where + " at the end");
}

void goldenStops(Findings& findings) {
    const auto files = findGoldens("samplers/stops.jsonl");
    if (files.empty()) {
        findings.skip("no samplers/stops.jsonl");
    }
    for (const auto& file : files) {
        const auto lines = readLines(file);
        for (std::size_t i = 0; i < lines.size(); ++i) {
            checkGolden(Json::parse(lines[i]), file.string() + ":" + std::to_string(i + 1),
                        findings);
        }
        findings.note(std::to_string(lines.size()) + " lines of " + file.string());
    }
}

void bytesOneByOneGiveTheSame(Findings& findings) {
    const std::string text = "aab\xC3\xA9 aabaac, then ab END";
    for (const auto& stops : std::vector<std::vector<std::string>>{
             {"aabaac"}, {"ba", "abaa"}, {"\xC3\xA9 a"}, {"END", "ND"}, {"nothing"}, {""}, {}}) {
        StopMatcher whole(stops);
        std::string expected = whole.push(text);
        expected += whole.finish();
        StopMatcher cut(stops);
        std::string got;
        for (const char byte : text) {
            got += cut.push(std::string_view(&byte, 1));
        }
        got += cut.finish();
        findings.equal(got, expected, stops.empty() ? "no stop" : stops.front());
        findings.equal(cut.stopped(), whole.stopped(), "stopped");
    }
}

void longRunsOfAlmostMatchesAreLinear(Findings& findings) {
    const std::string stop(20'000, 'a');
    StopMatcher matcher(std::vector<std::string>{stop + "b"});
    std::string shown;
    for (int i = 0; i < 20; ++i) {
        shown += matcher.push(stop);
    }
    findings.equal(shown.size(), 19 * stop.size(), "shown of twenty times the beginning");
    shown += matcher.push("b");
    findings.equal(shown.size(), 19 * stop.size(), "shown before the stop string");
    findings.verify(matcher.stopped(), "it stopped");
}

}  // namespace

std::vector<Case> cases() {
    return {{"goldenStopsAreEqual", goldenStops},
            {"bytesOneByOneGiveTheSame", bytesOneByOneGiveTheSame},
            {"longRunsOfAlmostMatchesAreLinear", longRunsOfAlmostMatchesAreLinear}};
}

}  // namespace apertura::test
