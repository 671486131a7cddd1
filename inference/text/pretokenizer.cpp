#include "inference/text/pretokenizer.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <array>
#include <cstddef>
#include <pcre2.h>
#include <utility>

#include "inference/text/tokenizer_file.h"
#include "inference/text/utf8_scan.h"

namespace apertura {

namespace {

// A long text of one kind of letters makes the machine code recurse; PCRE2's own 32 KiB are little.
constexpr std::size_t kStackStart = 32 * 1024;
constexpr std::size_t kStackLimit = 1024 * 1024;
constexpr std::size_t kLongestPattern = 16 * 1024;

std::string withUnicodeSpace(const std::string& pattern) {
    std::string rewritten;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] != '\\' || i + 1 == pattern.size()) {
            rewritten += pattern[i];
            continue;
        }
        const char escaped = pattern[++i];
        if (escaped == 's') {
            rewritten += "\\p{White_Space}";
        } else if (escaped == 'S') {
            rewritten += "\\P{White_Space}";
        } else {
            rewritten += {'\\', escaped};
        }
    }
    return rewritten;
}

template <auto release>
struct Releaser {
    template <typename T>
    void operator()(T* owned) const {
        release(owned);
    }
};

}  // namespace

struct Pretokenizer::Code {
    std::unique_ptr<pcre2_code, Releaser<pcre2_code_free>> code;
};

struct Pretokenizer::Scratch::State {
    std::unique_ptr<pcre2_match_data, Releaser<pcre2_match_data_free>> match;
    std::unique_ptr<pcre2_match_context, Releaser<pcre2_match_context_free>> context;
    std::unique_ptr<pcre2_jit_stack, Releaser<pcre2_jit_stack_free>> stack;
};

Pretokenizer::Scratch::Scratch(const Pretokenizer& pretokenizer)
    : m_state(std::make_unique<State>()) {
    m_state->match.reset(
        pcre2_match_data_create_from_pattern(pretokenizer.m_code->code.get(), nullptr));
    m_state->context.reset(pcre2_match_context_create(nullptr));
    m_state->stack.reset(pcre2_jit_stack_create(kStackStart, kStackLimit, nullptr));
    pcre2_jit_stack_assign(m_state->context.get(), nullptr, m_state->stack.get());
}

Pretokenizer::Scratch::~Scratch() = default;

Pretokenizer::Pretokenizer(std::shared_ptr<const Code> code) : m_code(std::move(code)) {}

Result<Pretokenizer> Pretokenizer::compile(const std::string& pattern) {
    const std::string rewritten = withUnicodeSpace(pattern);
    const std::unique_ptr<pcre2_compile_context, Releaser<pcre2_compile_context_free>> context(
        pcre2_compile_context_create(nullptr));
    pcre2_set_max_pattern_length(context.get(), kLongestPattern);
    int reason = 0;
    std::size_t offset = 0;
    auto code = std::make_shared<Code>();
    code->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(rewritten.data()), rewritten.size(),
                                   PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C, &reason,
                                   &offset, context.get()));
    if (!code->code) {
        std::array<PCRE2_UCHAR, 256> text{};
        pcre2_get_error_message(reason, text.data(), text.size());
        return corruptTokenizer("the Regex of pre_tokenizer is no regular expression (" +
                                std::string(reinterpret_cast<const char*>(text.data())) + ")");
    }
    // Where there is no JIT, PCRE2 interprets: slower, with the same matches.
    pcre2_jit_compile(code->code.get(), PCRE2_JIT_COMPLETE);
    return Pretokenizer(std::move(code));
}

void Pretokenizer::split(std::string_view text, Scratch& scratch,
                         std::vector<std::string_view>& words) const {
    const auto add = [&](std::size_t from, std::size_t to) {
        if (from < to) {
            words.push_back(text.substr(from, to - from));
        }
    };
    const std::size_t* bounds = pcre2_get_ovector_pointer(scratch.m_state->match.get());
    std::size_t done = 0;  // words so far end here
    std::size_t at = 0;    // the next match may begin here
    while (at < text.size()) {
        const int count = pcre2_match(m_code->code.get(), reinterpret_cast<PCRE2_SPTR>(text.data()),
                                      text.size(), at, PCRE2_NO_UTF_CHECK,
                                      scratch.m_state->match.get(), scratch.m_state->context.get());
        if (count < 0 || bounds[0] < done || bounds[1] < bounds[0]) {
            break;
        }
        add(done, bounds[0]);
        add(bounds[0], bounds[1]);
        done = bounds[1];
        at = done;
        if (bounds[0] == bounds[1] && at < text.size()) {
            at += nextUtf8(text.substr(at)).length;
        }
    }
    add(done, text.size());
}

}  // namespace apertura
