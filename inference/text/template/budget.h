// Counts what one rendering uses and ends it at the limits; and the error by which anything in a
// template ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "inference/text/template/limits.h"

namespace apertura::jinja {

// Thrown inside jinja only; ChatTemplate turns it into an Error. `line` 0: the line being executed.
struct TemplateError {
    std::string message;  // a sentence without its full stop
    int line = 0;
};

[[noreturn]] void fail(std::string message, int line = 0);

// Threads: one rendering, one thread.
class Budget {
public:
    Budget();

    void step(std::size_t count = 1) {
        m_steps += static_cast<std::int64_t>(count);
        if (m_steps >= m_nextCheck) {
            check();
        }
    }
    // The steps of looking at `bytes` of text.
    void stepText(std::size_t bytes) { step(1 + bytes / kTextBytesPerStep); }

    // Memory that values hold; values release what they reserved.
    void reserve(std::size_t bytes);
    void release(std::size_t bytes) { m_liveBytes -= bytes; }

    // Ends the rendering unless a text of `bytes`, or a collection of `items`, is allowed.
    static void checkText(std::size_t bytes);
    static void checkItems(std::size_t items);

    // Recursion of the evaluation itself; see DepthGuard.
    void enter() {
        if (++m_depth > kMaxDepth) {
            failDepth();
        }
    }
    void leave() { --m_depth; }

private:
    void check();
    [[noreturn]] void failDepth();

    std::int64_t m_steps = 0;
    std::int64_t m_nextCheck = 0;
    double m_startSeconds = 0;
    std::size_t m_liveBytes = 0;
    int m_depth = 0;
};

class DepthGuard {
public:
    explicit DepthGuard(Budget& budget) : m_budget(budget) { m_budget.enter(); }
    ~DepthGuard() { m_budget.leave(); }
    DepthGuard(const DepthGuard&) = delete;
    DepthGuard& operator=(const DepthGuard&) = delete;

private:
    Budget& m_budget;
};

// Text that grows within the limits: the output, and whatever a filter builds. Holds its memory in
// the budget.
class TextBuilder {
public:
    explicit TextBuilder(Budget& budget) : m_budget(budget) {}
    ~TextBuilder() { m_budget.release(m_reserved); }
    TextBuilder(const TextBuilder&) = delete;
    TextBuilder& operator=(const TextBuilder&) = delete;

    void append(std::string_view text);
    void append(char character) { append(std::string_view(&character, 1)); }
    void append(std::size_t count, std::string_view unit);
    std::size_t size() const { return m_text.size(); }
    const std::string& text() const { return m_text; }
    std::string take() { return std::move(m_text); }

private:
    Budget& m_budget;
    std::string m_text;
    std::size_t m_reserved = 0;
};

}  // namespace apertura::jinja
