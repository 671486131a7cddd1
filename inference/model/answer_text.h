// The text of one answer as its tokens arrive: whole characters, typed spans, stop strings.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "inference/engine.h"
#include "inference/text/span_parser.h"
#include "inference/text/stop_matcher.h"
#include "inference/text/text_stream.h"

namespace apertura {

// Threads: one at a time. Tokenizer and callback outlive it.
class AnswerText {
public:
    AnswerText(const Tokenizer& tokenizer, std::span<const std::string> stops, SpanKind begin,
               const std::function<void(const Event&)>& onEvent);

    // Takes the next token and sends the text that has become certain as TextEvents.
    void push(TokenId id);
    // The answer ended otherwise than by a stop string: sends what was held back.
    void finish();
    // Whether a stop string is complete. Later tokens add nothing.
    bool stopped() const { return m_stops.stopped(); }

    // All that was sent, by kind.
    const std::string& of(SpanKind kind) const { return m_texts[static_cast<std::size_t>(kind)]; }

private:
    void show(const std::vector<TextSpan>& spans);
    void send(std::string text, SpanKind kind);

    const Tokenizer& m_tokenizer;
    const std::function<void(const Event&)>& m_onEvent;
    TextStream m_stream;
    SpanParser m_spans;
    StopMatcher m_stops;
    std::array<std::string, 3> m_texts;  // by SpanKind
};

}  // namespace apertura
