// Deliberation and tool calls, parsed out of an answer's stream of tokens as typed spans.
//
// For each generated token the engine calls, in this order:
//   chunk = textStream.push(tokenizer.bytes(id));  // whole characters
//   spans = spanParser.push(id, chunk);            // typed, without markers and special tokens
//   shown = stopMatcher.push(span.text);           // of spans of kind response only
// and at the end: spanParser.finish(textStream.finish()), then stopMatcher.finish().
//
// A marker is a token (`<|inner_prefix|>`, `<|inner_suffix|>`, `<think>`, `</think>`,
// `<|tools_prefix|>`, `<|tools_suffix|>`, found by name in the checkpoint's own vocabulary; the
// files of the v1.1 minis name ids 69 to 72 `<SPECIAL_n>`) or the same spelling as plain text, also
// in pieces. Only the longest end of the text that may still become a marker is held back.
//   - Inside a tool call only its end counts: its JSON may quote the other spellings.
//   - The end of a tool call leads back to where it began: thoughts or response.
//   - An end without a beginning is dropped. Special tokens that are no markers are dropped as
//   well.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "inference/message.h"
#include "inference/options.h"
#include "inference/text/phrase_scanner.h"
#include "inference/text/tokenizer.h"

namespace apertura {

struct TextSpan {
    std::string text;
    SpanKind kind = SpanKind::response;
};

// One answer. Threads: one at a time. The tokenizer outlives it.
class SpanParser {
public:
    // `begin`: what the first text is. `thoughts` where the prompt ends inside deliberation (a turn
    // that goes on after a tool's output, or a template that opens `<think>` itself).
    explicit SpanParser(const Tokenizer& tokenizer, SpanKind begin = SpanKind::response);

    // `chunk`: the text that became certain with this token. Spans are not empty; neighbours differ
    // in kind.
    std::vector<TextSpan> push(TokenId id, std::string_view chunk);
    // Ends the answer; `rest` is TextStream::finish(). Returns what was held back too.
    std::vector<TextSpan> finish(std::string_view rest);

    // The kind that text after all tokens so far has.
    SpanKind kind() const;

private:
    enum class Marker { thoughtsBegin, thoughtsEnd, toolsBegin, toolsEnd };

    void name(const Tokenizer& tokenizer, std::string_view spelling, Marker marker);
    bool counts(Marker marker) const;
    void enter(Marker marker);
    void read(std::string_view text, std::vector<TextSpan>& spans);
    void show(std::string_view text, std::vector<TextSpan>& spans) const;
    void release(std::vector<TextSpan>& spans);

    const Tokenizer& m_tokenizer;
    std::vector<std::string> m_spellings;
    std::vector<Marker> m_markers;  // of m_spellings
    std::unordered_map<TokenId, Marker> m_markerIds;
    PhraseScanner m_scanner;
    PhraseScanner::State m_state = 0;
    std::string m_held;
    bool m_inThoughts = false;
    bool m_inTools = false;
};

}  // namespace apertura
