// Bytes to whole characters: what may still become one is held back, what no longer can is shown at
// once.
#include "inference/text/text_stream.h"

#include <vector>

#include "tests/support/cases.h"

namespace apertura::test {

namespace {

constexpr const char* kIll = "\xEF\xBF\xBD";

void checkChunks(const std::vector<std::string>& pieces, const std::vector<std::string>& expected,
                 Findings& findings) {
    TextStream stream;
    for (std::size_t i = 0; i < pieces.size(); ++i) {
        findings.equal(stream.push(pieces[i]), expected.at(i), "piece " + std::to_string(i));
    }
    findings.equal(stream.finish(), expected.at(pieces.size()), "the end");
}

void halfACharacterIsHeldBack(Findings& findings) {
    checkChunks({"a\xE2", "\x82", "\xAC!"}, {"a", "", "\xE2\x82\xAC!", ""}, findings);
    checkChunks({"\xF0\x9F", "\x98", "\x80"}, {"", "", "\xF0\x9F\x98\x80", ""}, findings);
}

void whatCannotBecomeACharacterShowsAtOnce(Findings& findings) {
    checkChunks({"\xFF", "\xE2\x82", "x"}, {kIll, "", std::string(kIll) + "x", ""}, findings);
    // The second byte of a surrogate: the lead alone is a subpart, and so is each byte after it.
    checkChunks({"\xED", "\xA0", "\x80"}, {"", std::string(kIll) + kIll, kIll, ""}, findings);
}

void anUnfinishedEndIsOneReplacement(Findings& findings) {
    checkChunks({"ok\xF0\x9F\x98"}, {"ok", kIll}, findings);
    findings.equal(toValidUtf8("ok\xE2\x82"), std::string("ok") + kIll, "whole text");
}

void everyCutGivesTheWholeText(Findings& findings) {
    const std::string bytes =
        "z\xC3\xA9\xC0\x80\xE2\x82\xE2\x82\xAC\xF0\x9F\x98\x80\xF4\x90\x80\xED\xA0\x80\xF0\x9F";
    const std::string whole = toValidUtf8(bytes);
    for (std::size_t first = 0; first <= bytes.size(); ++first) {
        for (std::size_t second = first; second <= bytes.size(); ++second) {
            TextStream stream;
            std::string text = stream.push(bytes.substr(0, first));
            text += stream.push(bytes.substr(first, second - first));
            text += stream.push(bytes.substr(second));
            text += stream.finish();
            findings.equal(text, whole, std::to_string(first) + ", " + std::to_string(second));
        }
    }
}

void onlyTheFirstSpaceIsDropped(Findings& findings) {
    TextStream stream(LeadingSpace::drop);
    findings.equal(stream.push(""), std::string(), "nothing");
    findings.equal(stream.push(" "), std::string(), "the space of the prefix");
    findings.equal(stream.push("  a"), std::string("  a"), "spaces of the text");
    TextStream other(LeadingSpace::drop);
    findings.equal(other.push("a"), std::string("a"), "no space");
    findings.equal(other.push(" b"), std::string(" b"), "a later space");
}

}  // namespace

std::vector<Case> cases() {
    return {{"halfACharacterIsHeldBack", halfACharacterIsHeldBack},
            {"whatCannotBecomeACharacterShowsAtOnce", whatCannotBecomeACharacterShowsAtOnce},
            {"anUnfinishedEndIsOneReplacement", anUnfinishedEndIsOneReplacement},
            {"everyCutGivesTheWholeText", everyCutGivesTheWholeText},
            {"onlyTheFirstSpaceIsDropped", onlyTheFirstSpaceIsDropped}};
}

}  // namespace apertura::test
