#include "inference/text/phrase_scanner.h"

namespace apertura {

PhraseScanner::PhraseScanner(std::span<const std::string> phrases) : m_nodes(1) {
    for (std::size_t i = 0; i < phrases.size(); ++i) {
        if (!phrases[i].empty()) {
            add(phrases[i], i);
        }
    }
    linkFallbacks();
}

void PhraseScanner::add(const std::string& phrase, std::size_t index) {
    State state = 0;
    for (const char byte : phrase) {
        const auto [child, isNew] =
            m_nodes[state].children.try_emplace(byte, static_cast<State>(m_nodes.size()));
        const std::size_t depth = m_nodes[state].depth + 1;
        state = child->second;
        if (isNew) {
            m_nodes.emplace_back();
            m_nodes.back().depth = depth;
        }
    }
    if (!m_nodes[state].match) {
        m_nodes[state].match = Match{index, phrase.size()};
    }
}

// Breadth first, so that a node's fallback, which is shorter, is complete before the node is.
void PhraseScanner::linkFallbacks() {
    std::vector<State> order = {0};
    for (std::size_t i = 0; i < order.size(); ++i) {
        const State parent = order[i];
        for (const auto& [byte, child] : m_nodes[parent].children) {
            order.push_back(child);
            if (parent != 0) {
                m_nodes[child].fallback = advance(m_nodes[parent].fallback, byte);
            }
            if (!m_nodes[child].match) {
                m_nodes[child].match = m_nodes[m_nodes[child].fallback].match;
            }
        }
    }
}

PhraseScanner::State PhraseScanner::advance(State state, char byte) const {
    while (true) {
        const Node& node = m_nodes[state];
        const auto child = node.children.find(byte);
        if (child != node.children.end()) {
            return child->second;
        }
        if (state == 0) {
            return 0;
        }
        state = node.fallback;
    }
}

}  // namespace apertura
