#include "inference/model/answer_text.h"

#include <utility>

namespace apertura {

AnswerText::AnswerText(const Tokenizer& tokenizer, std::span<const std::string> stops,
                       SpanKind begin, const std::function<void(const Event&)>& onEvent)
    : m_tokenizer(tokenizer),
      m_onEvent(onEvent),
      m_stream(tokenizer.leadingSpace()),
      m_spans(tokenizer, begin),
      m_stops(stops) {}

void AnswerText::push(TokenId id) {
    show(m_spans.push(id, m_stream.push(m_tokenizer.bytes(id))));
}

void AnswerText::finish() {
    show(m_spans.finish(m_stream.finish()));
    send(m_stops.finish(), SpanKind::response);
}

void AnswerText::show(const std::vector<TextSpan>& spans) {
    for (const TextSpan& span : spans) {
        if (stopped()) {
            return;
        }
        send(span.kind == SpanKind::response ? m_stops.push(span.text) : span.text, span.kind);
    }
}

void AnswerText::send(std::string text, SpanKind kind) {
    if (text.empty()) {
        return;
    }
    m_texts[static_cast<std::size_t>(kind)] += text;
    m_onEvent(TextEvent{std::move(text), kind});
}

}  // namespace apertura
