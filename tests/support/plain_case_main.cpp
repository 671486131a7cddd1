// Runs the cases of a test without Qt. Arguments name the cases to run; none means all.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "tests/support/cases.h"

int main(int argumentCount, char** arguments) {
    const std::vector<std::string> chosen(arguments + 1, arguments + argumentCount);
    int failed = 0;
    int skipped = 0;
    int passed = 0;
    for (const auto& testCase : apertura::test::cases()) {
        if (!chosen.empty() &&
            std::find(chosen.begin(), chosen.end(), testCase.name) == chosen.end()) {
            continue;
        }
        apertura::test::Findings findings;
        testCase.run(findings);
        for (const auto& note : findings.notes()) {
            std::printf("      %s: %s\n", testCase.name.c_str(), note.c_str());
        }
        if (!findings.failures().empty()) {
            ++failed;
            for (const auto& failure : findings.failures()) {
                std::printf("FAIL  %s: %s\n", testCase.name.c_str(), failure.c_str());
            }
        } else if (!findings.skipReason().empty()) {
            ++skipped;
            std::printf("SKIP  %s: %s\n", testCase.name.c_str(), findings.skipReason().c_str());
        } else {
            ++passed;
            std::printf("PASS  %s\n", testCase.name.c_str());
        }
    }
    std::printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
    return failed == 0 && passed + skipped > 0 ? 0 : 1;
}
