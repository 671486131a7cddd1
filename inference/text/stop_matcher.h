// Stop strings in the text of an answer, across token borders.
//
// The string that is complete first ends the answer; of several complete at the same character, the
// one that began first. Comparison is exact. While text arrives, the longest end of it that is a
// beginning of a stop string is held back, and nothing else, so what was shown never has to be
// taken back.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "inference/text/phrase_scanner.h"

namespace apertura {

// One answer's text. Threads: one at a time.
//
// Order: push() for each piece of response text, as TextStream and SpanParser deliver it (thoughts
// and tool calls are not looked at); after each, stopped() says whether the answer ends here.
// finish() where generation ends otherwise.
class StopMatcher {
public:
    // Empty stop strings never match.
    explicit StopMatcher(std::span<const std::string> stops);

    // Takes the next piece, whole characters. Returns the text that can be shown now. After a stop
    // string was found, nothing more.
    std::string push(std::string_view text);
    // Whether a stop string was complete: the answer is the text returned so far.
    bool stopped() const { return m_stopped; }
    // Generation ended otherwise: returns what was still held back.
    std::string finish();

private:
    PhraseScanner m_scanner;
    PhraseScanner::State m_state = 0;
    std::string m_held;
    bool m_stopped = false;
};

}  // namespace apertura
