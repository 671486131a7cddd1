#include "inference/text/span_parser.h"

#include <array>
#include <optional>
#include <utility>

namespace apertura {

namespace {

// The ids that the v1 family gives its markers. Files of the v1.1 minis keep the reserved names
// there.
constexpr std::array<TokenId, 4> kReservedIds = {69, 70, 71, 72};
constexpr std::array<std::string_view, 4> kNames = {"<|inner_prefix|>", "<|inner_suffix|>",
                                                    "<|tools_prefix|>", "<|tools_suffix|>"};

}  // namespace

SpanParser::SpanParser(const Tokenizer& tokenizer, SpanKind begin)
    : m_tokenizer(tokenizer),
      m_scanner(std::span<const std::string>()),
      m_inThoughts(begin == SpanKind::thoughts),
      m_inTools(begin == SpanKind::toolCalls) {
    constexpr std::array<Marker, 4> kMarkers = {Marker::thoughtsBegin, Marker::thoughtsEnd,
                                                Marker::toolsBegin, Marker::toolsEnd};
    for (std::size_t i = 0; i < kMarkers.size(); ++i) {
        name(tokenizer, kNames[i], kMarkers[i]);
        const std::string reserved = "<SPECIAL_" + std::to_string(kReservedIds[i]) + ">";
        if (!tokenizer.find(kNames[i]) && tokenizer.find(reserved) == kReservedIds[i]) {
            name(tokenizer, reserved, kMarkers[i]);
        }
    }
    name(tokenizer, "<think>", Marker::thoughtsBegin);
    name(tokenizer, "</think>", Marker::thoughtsEnd);
    m_scanner = PhraseScanner(m_spellings);
}

void SpanParser::name(const Tokenizer& tokenizer, std::string_view spelling, Marker marker) {
    m_spellings.emplace_back(spelling);
    m_markers.push_back(marker);
    if (const std::optional<TokenId> id = tokenizer.find(spelling)) {
        m_markerIds.emplace(*id, marker);
    }
}

SpanKind SpanParser::kind() const {
    if (m_inTools) {
        return SpanKind::toolCalls;
    }
    return m_inThoughts ? SpanKind::thoughts : SpanKind::response;
}

bool SpanParser::counts(Marker marker) const {
    return !m_inTools || marker == Marker::toolsEnd;
}

void SpanParser::enter(Marker marker) {
    switch (marker) {
        case Marker::thoughtsBegin:
            m_inThoughts = true;
            break;
        case Marker::thoughtsEnd:
            m_inThoughts = false;
            break;
        case Marker::toolsBegin:
            m_inTools = true;
            break;
        case Marker::toolsEnd:
            m_inTools = false;
            break;
    }
}

std::vector<TextSpan> SpanParser::push(TokenId id, std::string_view chunk) {
    std::vector<TextSpan> spans;
    const auto marker = m_markerIds.find(id);
    const bool isMarker = marker != m_markerIds.end();
    if (!isMarker && !m_tokenizer.isSpecial(id)) {
        read(chunk, spans);
        return spans;
    }
    // The chunk ends with the token's own spelling; before it stands at most a character that the
    // token left unfinished.
    const std::string_view spelling = m_tokenizer.bytes(id);
    if (chunk.ends_with(spelling)) {
        chunk.remove_suffix(spelling.size());
    }
    read(chunk, spans);
    release(spans);
    if (isMarker && counts(marker->second)) {
        enter(marker->second);
    }
    return spans;
}

std::vector<TextSpan> SpanParser::finish(std::string_view rest) {
    std::vector<TextSpan> spans;
    read(rest, spans);
    release(spans);
    return spans;
}

void SpanParser::read(std::string_view text, std::vector<TextSpan>& spans) {
    std::string certain = std::exchange(m_held, {});
    for (const char byte : text) {
        certain += byte;
        m_state = m_scanner.advance(m_state, byte);
        const auto match = m_scanner.match(m_state);
        if (match && counts(m_markers[match->phrase])) {
            certain.resize(certain.size() - match->length);
            show(certain, spans);
            certain.clear();
            m_state = 0;
            enter(m_markers[match->phrase]);
        }
    }
    const std::size_t shown = certain.size() - m_scanner.held(m_state);
    m_held = certain.substr(shown);
    certain.resize(shown);
    show(certain, spans);
}

void SpanParser::show(std::string_view text, std::vector<TextSpan>& spans) const {
    if (text.empty()) {
        return;
    }
    if (spans.empty() || spans.back().kind != kind()) {
        spans.push_back({std::string(text), kind()});
    } else {
        spans.back().text += text;
    }
}

void SpanParser::release(std::vector<TextSpan>& spans) {
    show(std::exchange(m_held, {}), spans);
    m_state = 0;
}

}  // namespace apertura
