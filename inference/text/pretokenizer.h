// Splits text into words with the tokenizer's own regular expression (PCRE2 with UTF, UCP and JIT).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "inference/status.h"

namespace apertura {

// Threads: const members from any thread, each with a Scratch of its own.
class Pretokenizer {
public:
    // What one thread needs to match; worth keeping over the parts of a text.
    class Scratch {
    public:
        explicit Scratch(const Pretokenizer& pretokenizer);
        ~Scratch();
        Scratch(const Scratch&) = delete;
        Scratch& operator=(const Scratch&) = delete;

    private:
        friend class Pretokenizer;
        struct State;
        std::unique_ptr<State> m_state;
    };

    // `\s` and `\S` mean Unicode White_Space, as in the library that the files are written for;
    // PCRE2's own also match U+180E.
    // Errors: fileCorrupt, naming pre_tokenizer and the reason.
    static Result<Pretokenizer> compile(const std::string& pattern);

    // Appends the words of `text`: the matches and what stands between them, none empty, in order.
    // The text is matched on its own: no lookahead sees beyond it. A match that PCRE2 gives up
    // (its limits) leaves the rest as one word.
    // Requires: valid UTF-8.
    void split(std::string_view text, Scratch& scratch, std::vector<std::string_view>& words) const;

private:
    struct Code;
    explicit Pretokenizer(std::shared_ptr<const Code> code);
    std::shared_ptr<const Code> m_code;
};

}  // namespace apertura
