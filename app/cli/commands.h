// The commands, one file each. An add function puts its command and flags under `program` and
// returns what carries it out once the arguments are parsed. Usage errors are CLI::ParseError,
// thrown while parsing.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "inference/status.h"

namespace apertura::cli {

struct Command {
    CLI::App* app = nullptr;  // owned by the program
    std::function<Result<void>()> run;
};

Command addChat(CLI::App& program);
Command addCompare(CLI::App& program);
Command addDetokenize(CLI::App& program);
Command addGenerate(CLI::App& program);
Command addInspect(CLI::App& program);
Command addLogits(CLI::App& program);
Command addPerplexity(CLI::App& program);
Command addRender(CLI::App& program);
Command addTokenize(CLI::App& program);

}  // namespace apertura::cli
