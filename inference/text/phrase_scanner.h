// Finds whole phrases in text that arrives in pieces (Aho and Corasick, CACM 1975): linear in the
// text, whatever the phrases are. Works on bytes; on UTF-8 that equals working on characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace apertura {

// Threads: one scanner is read by any thread at once; each text has a State of its own.
class PhraseScanner {
public:
    // Where a text stands. 0 is its beginning.
    using State = std::uint32_t;

    struct Match {
        std::size_t phrase = 0;  // index into the phrases given
        std::size_t length = 0;  // bytes of it, the last one read included
    };

    // Empty phrases are never found.
    explicit PhraseScanner(std::span<const std::string> phrases);

    State advance(State state, char byte) const;
    // The longest phrase that ends with the byte just read, so the one that began first.
    std::optional<Match> match(State state) const { return m_nodes[state].match; }
    // Length of the longest end of the text that is a beginning of a phrase (or all of one).
    std::size_t held(State state) const { return m_nodes[state].depth; }

private:
    struct Node {
        std::map<char, State> children;
        State fallback = 0;  // the longest proper end of this node's text that is a node too
        std::size_t depth = 0;
        std::optional<Match> match;
    };
    void add(const std::string& phrase, std::size_t index);
    void linkFallbacks();

    std::vector<Node> m_nodes;
};

}  // namespace apertura
