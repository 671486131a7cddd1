// Test cases that need no Qt: a test file defines cases(); Qt Test runs each as a row
// (qt_case_main.cpp), and a machine without Qt runs the same through plain_case_main.cpp.
#pragma once

#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace apertura::test {

// What one case found. Failures are collected, so a case can report several.
class Findings {
public:
    void fail(std::string text) { m_failures.push_back(std::move(text)); }
    // Says why nothing was tested. A case that both fails and skips has failed.
    void skip(std::string reason) { m_skipReason = std::move(reason); }
    // A figure worth reading in a passing run.
    void note(std::string text) { m_notes.push_back(std::move(text)); }

    // Fails with both values unless they are equal; returns whether they are.
    template <typename A, typename B>
    bool equal(const A& actual, const B& expected, const std::string& what) {
        if (actual == expected) {
            return true;
        }
        std::ostringstream text;
        text << what << ": got " << actual << ", expected " << expected;
        fail(text.str());
        return false;
    }
    bool verify(bool condition, const std::string& what) {
        if (!condition) {
            fail(what);
        }
        return condition;
    }

    const std::vector<std::string>& failures() const { return m_failures; }
    const std::vector<std::string>& notes() const { return m_notes; }
    const std::string& skipReason() const { return m_skipReason; }

private:
    std::vector<std::string> m_failures;
    std::vector<std::string> m_notes;
    std::string m_skipReason;
};

struct Case {
    std::string name;  // a sentence in camelCase
    std::function<void(Findings&)> run;
};

// Defined once by each test file.
std::vector<Case> cases();

}  // namespace apertura::test
