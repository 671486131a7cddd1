// Thoughts and tool calls out of the stream, by token and by spelling.
#include "inference/text/span_parser.h"

#include <algorithm>

#include "tests/support/cases.h"
#include "tests/support/goldens.h"

namespace apertura::test {

namespace {

// Tokens are what the test lists; spellings in angle brackets are special unless the test says
// otherwise.
class ListTokenizer final : public Tokenizer {
public:
    ListTokenizer(std::vector<std::string> pieces, bool anglesAreSpecial = true)
        : m_pieces(std::move(pieces)), m_anglesAreSpecial(anglesAreSpecial) {}

    std::vector<TokenId> encode(std::string_view, const EncodeOptions&) const override {
        return {};
    }
    std::string_view bytes(TokenId id) const override {
        return m_pieces.at(static_cast<std::size_t>(id));
    }
    std::string_view piece(TokenId id) const override { return bytes(id); }
    bool isSpecial(TokenId id) const override {
        return m_anglesAreSpecial && bytes(id).starts_with('<') && bytes(id).ends_with('>');
    }
    std::optional<TokenId> find(std::string_view piece) const override {
        const auto found = std::find(m_pieces.begin(), m_pieces.end(), piece);
        if (found == m_pieces.end()) {
            return std::nullopt;
        }
        return static_cast<TokenId>(found - m_pieces.begin());
    }
    std::int64_t size() const override { return static_cast<std::int64_t>(m_pieces.size()); }
    std::optional<TokenId> bosToken() const override { return std::nullopt; }
    std::string bosText() const override { return {}; }
    std::string eosText() const override { return {}; }

private:
    std::vector<std::string> m_pieces;
    bool m_anglesAreSpecial;
};

char letterOf(SpanKind kind) {
    switch (kind) {
        case SpanKind::response:
            return 'R';
        case SpanKind::thoughts:
            return 'T';
        case SpanKind::toolCalls:
            return 'C';
    }
    return '?';
}

// Spans as "R[text]T[text]", joined over neighbours; steps of the stream separated by '|' where
// wanted.
std::string describe(const std::vector<TextSpan>& spans) {
    std::string text;
    for (const TextSpan& span : spans) {
        text += letterOf(span.kind) + ("[" + span.text + "]");
    }
    return text;
}

std::string run(const std::vector<std::string>& pieces, const ListTokenizer& tokenizer,
                SpanKind begin = SpanKind::response) {
    SpanParser parser(tokenizer, begin);
    TextStream stream;
    std::string text;
    for (const std::string& piece : pieces) {
        const TokenId id = tokenizer.find(piece).value();
        text += describe(parser.push(id, stream.push(tokenizer.bytes(id)))) + "|";
    }
    return text + describe(parser.finish(stream.finish()));
}

std::string runAll(const std::vector<std::string>& pieces, SpanKind begin = SpanKind::response) {
    return run(pieces, ListTokenizer(pieces), begin);
}

void markersAsTokensCutTheAnswer(Findings& findings) {
    findings.equal(
        runAll({"<|inner_prefix|>", "hm", "<|inner_suffix|>", "Hi", "<|assistant_end|>"}),
        std::string("|T[hm]||R[Hi]||"), "deliberation");
    findings.equal(runAll({"Look", "<|tools_prefix|>", "[{}]", "<|tools_suffix|>"}),
                   std::string("R[Look]||C[[{}]]||"), "a tool call");
    findings.equal(runAll({"<think>", "hm", "</think>", "Hi"}), std::string("|T[hm]||R[Hi]|"),
                   "think");
}

void markersAsTextAreFoundOverTokens(Findings& findings) {
    findings.equal(runAll({"a<|inner", "_prefix", "|>b", " <", "|inner_suffix|", ">c"}),
                   std::string("R[a]||T[b]|T[ ]||R[c]|"), "in pieces");
    findings.equal(runAll({"<|inner_prefix|>x", "<|inner_suffix|>y"}), std::string("T[x]|R[y]|"),
                   "inside one piece");
    findings.equal(runAll({"1 <", "2 <|inner_", "x"}), std::string("R[1 ]|R[<2 ]|R[<|inner_x]|"),
                   "what is no marker after all is shown");
    findings.equal(runAll({"ends <|inn"}), std::string("R[ends ]|R[<|inn]"), "held at the end");
}

void aSpecialTokenEndsWhatWasHeldBack(Findings& findings) {
    findings.equal(runAll({"a<", "<|inner_prefix|>", "b"}), std::string("R[a]|R[<]|T[b]|"),
                   "a marker follows");
    findings.equal(runAll({"a<", "<s>", "|inner_prefix|>"}),
                   std::string("R[a]|R[<]|R[|inner_prefix|>]|"), "another special token");
}

void aToolCallInThoughtsLeadsBackToThoughts(Findings& findings) {
    findings.equal(runAll({"<|inner_prefix|>", "a", "<|tools_prefix|>", "b", "<|tools_suffix|>",
                           "c", "<|inner_suffix|>", "d"}),
                   std::string("|T[a]||C[b]||T[c]||R[d]|"), "nested");
    findings.equal(runAll({"go on", "</think>", "d"}, SpanKind::thoughts),
                   std::string("T[go on]||R[d]|"), "a continued turn");
}

void insideAToolCallOnlyItsEndCounts(Findings& findings) {
    findings.equal(runAll({"<|tools_prefix|>", "\"<think>\"", "<|tools_suffix|>", "d"}),
                   std::string("|C[\"<think>\"]||R[d]|"), "JSON that quotes a marker");
}

void endsWithoutBeginningsAreDropped(Findings& findings) {
    findings.equal(runAll({"a", "<|inner_suffix|>", "b", "</th", "ink>", "c"}),
                   std::string("R[a]||R[b]|||R[c]|"), "stray ends");
}

void halfCharactersBeforeAMarkerBelongToTheTextBefore(Findings& findings) {
    findings.equal(runAll({"<|inner_prefix|>", "\xE2\x82", "<|inner_suffix|>", "b"}),
                   std::string("||T[\xEF\xBF\xBD]|R[b]|"), "an unfinished character");
}

void reservedNamesOfTheMinisAreMarkers(Findings& findings) {
    std::vector<std::string> pieces;
    for (int id = 0; id < 80; ++id) {
        pieces.push_back("<SPECIAL_" + std::to_string(id) + ">");
    }
    pieces.insert(pieces.end(), {"hm", "Hi"});
    findings.equal(
        run({"<SPECIAL_69>", "hm", "<SPECIAL_70>", "Hi", "<SPECIAL_71>", "hm", "<SPECIAL_72>"},
            ListTokenizer(pieces)),
        std::string("|T[hm]||R[Hi]||C[hm]||"), "reserved names");
    // Version 1.5 has the markers elsewhere, and not special; 69 is then an ordinary special token.
    pieces[32] = "<|inner_prefix|>";
    pieces[33] = "<|inner_suffix|>";
    findings.equal(run({"<SPECIAL_69>", "Hi"}, ListTokenizer(pieces)), std::string("|R[Hi]|"),
                   "1.5");
    findings.equal(
        run({"<|inner_prefix|>", "hm", "<|inner_suffix|>", "Hi"}, ListTokenizer(pieces, false)),
        std::string("|T[hm]||R[Hi]|"), "markers that are not special");
}

// The marker tokens of a checkpoint's own tokenizer, around two ordinary ones.
void checkMarkers(const std::filesystem::path& model, std::vector<TokenId> markers,
                  Findings& findings) {
    const auto tokenizer = loadTokenizer(model);
    if (!findings.verify(tokenizer.ok(), tokenizer.ok() ? "" : tokenizer.error().message)) {
        return;
    }
    SpanParser parser(**tokenizer);
    std::string text;
    for (const TokenId marker : markers) {
        text += describe(parser.push(marker, (*tokenizer)->bytes(marker)));
        const TokenId letter = (*tokenizer)->find("a").value();
        text += describe(parser.push(letter, (*tokenizer)->bytes(letter)));
    }
    findings.equal(text, std::string("T[a]R[a]C[a]R[a]"), model.string());
}

void markersOfRealTokenizersAreFound(Findings& findings) {
    checkMarkers(std::filesystem::path(APERTURA_SOURCE_DIR) / "resources/demo-model/bf16",
                 {69, 70, 71, 72}, findings);
    for (const auto& model : findGoldens("models/micro/v1.1-mini")) {
        checkMarkers(model, {69, 70, 71, 72}, findings);
    }
    for (const auto& model : findGoldens("models/micro/v1.5-text")) {
        checkMarkers(model, {32, 33, 71, 72}, findings);
    }
}

}  // namespace

std::vector<Case> cases() {
    return {{"markersAsTokensCutTheAnswer", markersAsTokensCutTheAnswer},
            {"markersAsTextAreFoundOverTokens", markersAsTextAreFoundOverTokens},
            {"aSpecialTokenEndsWhatWasHeldBack", aSpecialTokenEndsWhatWasHeldBack},
            {"aToolCallInThoughtsLeadsBackToThoughts", aToolCallInThoughtsLeadsBackToThoughts},
            {"insideAToolCallOnlyItsEndCounts", insideAToolCallOnlyItsEndCounts},
            {"endsWithoutBeginningsAreDropped", endsWithoutBeginningsAreDropped},
            {"halfCharactersBeforeAMarkerBelongToTheTextBefore",
             halfCharactersBeforeAMarkerBelongToTheTextBefore},
            {"markersOfRealTokenizersAreFound", markersOfRealTokenizersAreFound},
            {"reservedNamesOfTheMinisAreMarkers", reservedNamesOfTheMinisAreMarkers}};
}

}  // namespace apertura::test
