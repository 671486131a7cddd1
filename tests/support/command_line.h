// apertura-cli as the tests of tests/cli call it. APERTURA_CLI is the built program.
#pragma once

#include <algorithm>
#include <exception>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/cases.h"
#include "tests/support/goldens.h"
#include "tests/support/process.h"

namespace apertura::test {

using Json = nlohmann::json;

inline std::string demoModel(const std::string& variant = "bf16") {
    return std::string(APERTURA_SOURCE_DIR) + "/resources/demo-model/" + variant;
}

// A file of this build's tests, so that two builds beside each other do not meet.
inline std::string scratchFile(const std::string& name, const std::string& content = {}) {
    const std::string path = std::string(APERTURA_BINARY_DIR) + "/tests/cli-" + name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
}

inline std::vector<std::string> commandLine(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), APERTURA_CLI);
    return arguments;
}

inline ProcessResult cli(std::vector<std::string> arguments, const std::string& input = {}) {
    return runProcess(commandLine(std::move(arguments)), input);
}

// What a command printed, one JSON value a line, each of them in ASCII.
inline std::vector<Json> jsonLines(const ProcessResult& result, Findings& findings) {
    std::vector<Json> lines;
    for (const char c : result.out) {
        if (static_cast<unsigned char>(c) >= 0x80) {
            findings.fail("JSON is not ASCII-escaped");
            break;
        }
    }
    std::size_t begin = 0;
    for (std::size_t end = result.out.find('\n'); end != std::string::npos;
         end = result.out.find('\n', begin)) {
        lines.push_back(Json::parse(result.out.substr(begin, end - begin), nullptr, false));
        findings.verify(!lines.back().is_discarded(), "a line is no JSON");
        begin = end + 1;
    }
    findings.verify(begin == result.out.size(), "the last line does not end");
    return lines;
}

// The one JSON line of a command that is to succeed; null where it did not.
inline Json jsonOf(const ProcessResult& result, Findings& findings) {
    findings.equal(result.status, 0, "exit status (" + result.err + ")");
    const auto lines = jsonLines(result, findings);
    return findings.equal(lines.size(), std::size_t{1}, "lines of output") ? lines.front() : Json();
}

// That a command fails with `status`, says so on standard error alone and, where it is 1, in one
// sentence.
inline void expectFailure(const ProcessResult& result, int status, Findings& findings,
                          const std::string& what) {
    findings.equal(result.status, status, what + ": exit status");
    findings.equal(result.out, std::string(), what + ": standard output");
    const auto breaks = std::count(result.err.begin(), result.err.end(), '\n');
    findings.verify(status == 1 ? breaks == 1 && result.err.ends_with(".\n") : breaks > 0,
                    what + ": says \"" + result.err + "\"");
}

// A case that fails where the program's answer has another shape than the case reads.
inline Case commandLineCase(const std::string& name, const std::function<void(Findings&)>& run) {
    return {name, [run](Findings& findings) {
                try {
                    run(findings);
                } catch (const std::exception& error) {
                    findings.fail(error.what());
                }
            }};
}

}  // namespace apertura::test
