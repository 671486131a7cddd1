#include "inference/text/stop_matcher.h"

#include <utility>

namespace apertura {

StopMatcher::StopMatcher(std::span<const std::string> stops) : m_scanner(stops) {}

std::string StopMatcher::push(std::string_view text) {
    if (m_stopped) {
        return {};
    }
    std::string shown = std::exchange(m_held, {});
    for (const char byte : text) {
        shown += byte;
        m_state = m_scanner.advance(m_state, byte);
        if (const auto match = m_scanner.match(m_state)) {
            m_stopped = true;
            shown.resize(shown.size() - match->length);
            return shown;
        }
    }
    const std::size_t certain = shown.size() - m_scanner.held(m_state);
    m_held = shown.substr(certain);
    shown.resize(certain);
    return shown;
}

std::string StopMatcher::finish() {
    m_state = 0;
    return std::exchange(m_held, {});
}

}  // namespace apertura
