// apertura-cli: the engine for scripts, tests and measurements. Exit status: 0 done, 1 the request
// failed (one sentence on standard error), 2 wrong usage.
#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <exception>

#include "app/cli/commands.h"
#include "app/cli/output.h"

namespace {

constexpr int kFailed = 1;
constexpr int kWrongUsage = 2;

int runCommand(const apertura::cli::Command& command) {
    try {
        if (const auto done = command.run(); !done) {
            apertura::cli::printError(done.error().message);
            return kFailed;
        }
    } catch (const std::exception& error) {
        apertura::cli::printError(std::string("The command failed: ") + error.what() + ".");
        return kFailed;
    }
    if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0) {
        apertura::cli::printError("Standard output cannot be written.");
        return kFailed;
    }
    return 0;
}

}  // namespace

int main(int argumentCount, char** arguments) {
    using namespace apertura::cli;
    CLI::App program("Apertura's command line: runs quantized Apertus checkpoints.",
                     "apertura-cli");
    program.require_subcommand(1);
    const std::array commands = {addChat(program),     addGenerate(program),   addInspect(program),
                                 addLogits(program),   addPerplexity(program), addCompare(program),
                                 addTokenize(program), addDetokenize(program), addRender(program)};
    try {
        program.parse(argumentCount, arguments);
    } catch (const CLI::ParseError& error) {
        return program.exit(error) == 0 ? 0 : kWrongUsage;
    }
    for (const Command& command : commands) {
        if (command.app->parsed()) {
            return runCommand(command);
        }
    }
    return kWrongUsage;
}
