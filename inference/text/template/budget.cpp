#include "inference/text/template/budget.h"

#include <ctime>

namespace apertura::jinja {

namespace {

constexpr std::int64_t kStepsBetweenClockReadings = 4096;
constexpr std::size_t kReserveBytes = 4096;

// Processor time: a busy machine does not make a template fail.
double threadSeconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

}  // namespace

void fail(std::string message, int line) {
    throw TemplateError{std::move(message), line};
}

Budget::Budget() : m_startSeconds(threadSeconds()) {}

void Budget::check() {
    if (m_steps > kMaxSteps) {
        fail("the template takes more than " + std::to_string(kMaxSteps) + " steps");
    }
    if (threadSeconds() - m_startSeconds > kMaxSeconds) {
        fail("the template takes longer than two seconds");
    }
    m_nextCheck = m_steps + kStepsBetweenClockReadings;
}

void Budget::reserve(std::size_t bytes) {
    if (bytes > kMaxLiveBytes - m_liveBytes) {
        fail("the template's values take more than " + std::to_string(kMaxLiveBytes) + " bytes");
    }
    m_liveBytes += bytes;
}

void Budget::checkText(std::size_t bytes) {
    if (bytes > kMaxTextBytes) {
        fail("a text is longer than " + std::to_string(kMaxTextBytes) + " bytes");
    }
}

void Budget::checkItems(std::size_t items) {
    if (items > kMaxItems) {
        fail("a collection has more than " + std::to_string(kMaxItems) + " items");
    }
}

void Budget::failDepth() {
    --m_depth;
    fail("the template's calls and expressions are nested too deeply");
}

void TextBuilder::append(std::string_view text) {
    const std::size_t size = m_text.size() + text.size();
    Budget::checkText(size);
    if (size > m_reserved) {
        const std::size_t more = size - m_reserved + kReserveBytes + m_reserved / 2;
        m_budget.reserve(more);
        m_reserved += more;
    }
    m_text.append(text);
}

void TextBuilder::append(std::size_t count, std::string_view unit) {
    if (!unit.empty()) {
        Budget::checkText(count > kMaxTextBytes ? count : count * unit.size());
        m_budget.stepText(count * unit.size());
        for (std::size_t i = 0; i < count; ++i) {
            append(unit);
        }
    }
}

}  // namespace apertura::jinja
