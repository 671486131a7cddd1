#include "inference/text/text_stream.h"

#include <utility>

#include "inference/text/utf8_scan.h"

namespace apertura {

namespace {

// What a lead byte asks for: how many bytes, and the range of the second one.
struct Lead {
    std::size_t length = 0;  // 0: no character begins so
    unsigned char secondFrom = 0x80;
    unsigned char secondTo = 0xBF;
};

Lead leadOf(unsigned char byte) {
    if (byte < 0x80) {
        return {1};
    }
    if (byte < 0xC2 || byte > 0xF4) {
        return {0};
    }
    if (byte < 0xE0) {
        return {2};
    }
    if (byte < 0xF0) {
        return {3, static_cast<unsigned char>(byte == 0xE0 ? 0xA0 : 0x80),
                static_cast<unsigned char>(byte == 0xED ? 0x9F : 0xBF)};
    }
    return {4, static_cast<unsigned char>(byte == 0xF0 ? 0x90 : 0x80),
            static_cast<unsigned char>(byte == 0xF4 ? 0x8F : 0xBF)};
}

// Appends the text of `bytes` to `text`; returns the unfinished end.
std::string_view appendValid(std::string_view bytes, std::string& text) {
    while (!bytes.empty()) {
        const Utf8Step step = nextUtf8(bytes);
        if (step.kind == Utf8Step::Kind::unfinished) {
            return bytes;
        }
        text +=
            step.kind == Utf8Step::Kind::character ? bytes.substr(0, step.length) : kReplacement;
        bytes.remove_prefix(step.length);
    }
    return {};
}

}  // namespace

Utf8Step nextUtf8(std::string_view bytes) {
    const Lead lead = leadOf(static_cast<unsigned char>(bytes.front()));
    if (lead.length == 0) {
        return {Utf8Step::Kind::ill, 1};
    }
    for (std::size_t i = 1; i < lead.length; ++i) {
        if (i == bytes.size()) {
            return {Utf8Step::Kind::unfinished, i};
        }
        const auto byte = static_cast<unsigned char>(bytes[i]);
        const unsigned char from = i == 1 ? lead.secondFrom : 0x80;
        const unsigned char to = i == 1 ? lead.secondTo : 0xBF;
        if (byte < from || byte > to) {
            return {Utf8Step::Kind::ill, i};
        }
    }
    return {Utf8Step::Kind::character, lead.length};
}

TextStream::TextStream(LeadingSpace leadingSpace)
    : m_dropSpace(leadingSpace == LeadingSpace::drop) {}

std::string TextStream::push(std::string_view bytes) {
    std::string joined = std::exchange(m_pending, {});
    joined += bytes;
    std::string text;
    m_pending = appendValid(joined, text);
    if (m_dropSpace && !text.empty()) {
        m_dropSpace = false;
        if (text.front() == ' ') {
            text.erase(0, 1);
        }
    }
    return text;
}

std::string TextStream::finish() {
    const bool unfinished = !std::exchange(m_pending, {}).empty();
    return unfinished ? std::string(kReplacement) : std::string();
}

std::string toValidUtf8(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size());
    if (!appendValid(bytes, text).empty()) {
        text += kReplacement;
    }
    return text;
}

}  // namespace apertura
