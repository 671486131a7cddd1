// Runs a program with its standard streams in our hands.
#pragma once

#include <string>
#include <vector>

namespace apertura::test {

struct ProcessResult {
    int status = -1;  // exit status; 128 + signal where one ended it
    std::string out;
    std::string err;
};

// Runs `arguments` (the program first) with `input` on its standard input until it ends. Aborts if
// it cannot be started.
ProcessResult runProcess(const std::vector<std::string>& arguments, const std::string& input = {});

// The same, but sends SIGINT once something stands on standard output.
ProcessResult runAndInterrupt(const std::vector<std::string>& arguments);

}  // namespace apertura::test
