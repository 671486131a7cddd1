// Token bytes to whole characters while they stream: what can still become a character is held
// back, what no longer can is shown as U+FFFD at once. The chunks joined equal decode() of all ids.
#pragma once

#include <string>
#include <string_view>

namespace apertura {

// What happens to a space at the very beginning of a text. SentencePiece puts one in front of what
// it encodes (the dummy prefix) and takes it away again; Tokenizer::leadingSpace() says which it
// is.
enum class LeadingSpace { keep, drop };

class TextStream {
public:
    explicit TextStream(LeadingSpace leadingSpace = LeadingSpace::keep);

    // Takes the next token's bytes; returns the text that has become certain, whole characters
    // only.
    std::string push(std::string_view bytes);
    // Ends the text: an unfinished character becomes one U+FFFD.
    std::string finish();

private:
    std::string m_pending;  // 0 to 3 bytes that begin a valid character
    bool m_dropSpace;       // whether a space may still have to be dropped
};

// Replaces each maximal ill-formed subpart by U+FFFD (Unicode 15, table 3-8; as Python's
// errors="replace").
std::string toValidUtf8(std::string_view bytes);

}  // namespace apertura
