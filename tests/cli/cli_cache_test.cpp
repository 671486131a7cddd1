// The packed cache behind the command line: where it lies, that it is used, and that nothing needs
// it.
#include <filesystem>

#include "tests/support/checkpoint_writer.h"
#include "tests/support/command_line.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

std::string quantizedModel() {
    return findGoldens("models/micro/gptq-desc-act").front().string();
}

// With these variables in place of all that say where the application writes.
std::vector<std::string> within(const std::vector<std::string>& variables,
                                const std::vector<std::string>& arguments) {
    std::vector<std::string> all = {"/usr/bin/env", "-u", "APERTURA_DATA_DIR", "-u",
                                    "HOME",         "-u", "XDG_DATA_HOME"};
    all.insert(all.end(), variables.begin(), variables.end());
    const auto command = commandLine(arguments);
    all.insert(all.end(), command.begin(), command.end());
    return all;
}

Json inspect(const std::vector<std::string>& variables, std::vector<std::string> flags,
             Findings& findings) {
    flags.insert(flags.begin(), {"inspect", quantizedModel()});
    return jsonOf(runProcess(within(variables, flags)), findings);
}

std::string greedyIds(const std::vector<std::string>& variables,
                      const std::vector<std::string>& flags, Findings& findings) {
    std::vector<std::string> arguments = {
        "generate", quantizedModel(), "--ids",         "1,5,9", "--max-tokens",
        "8",        "--json",         "--temperature", "0",     "--ignore-eos"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    return jsonOf(runProcess(within(variables, arguments)), findings)["ids"].dump();
}

std::size_t packedFilesIn(const fs::path& folder) {
    std::size_t count = 0;
    if (fs::exists(folder)) {
        for (const auto& entry : fs::directory_iterator(folder)) {
            count += entry.path().extension() == ".packed" ? 1 : 0;
        }
    }
    return count;
}

void theFirstLoadWritesAndTheSecondHits(Findings& findings) {
    const TemporaryFolder folder;
    const std::vector<std::string> there = {"APERTURA_DATA_DIR=" + folder.path().string()};
    const std::string plain = greedyIds(there, {"--no-cache"}, findings);
    findings.verify(!fs::exists(folder.path() / "cache"), "--no-cache wrote something");
    findings.equal(inspect(there, {"--no-cache"}, findings)["packed_cache"].get<std::string>(),
                   std::string("off"), "with --no-cache");
    findings.equal(inspect(there, {}, findings)["packed_cache"].get<std::string>(),
                   std::string("written"), "first load");
    findings.equal(inspect(there, {"--json"}, findings)["packed_cache"].get<std::string>(),
                   std::string("hit"), "second load");
    findings.equal(packedFilesIn(folder.path() / "cache"), std::size_t{1}, "packed files");
    findings.equal(greedyIds(there, {}, findings), plain, "the ids out of the packed file");
}

void itLiesWhereTheWindowHasIt(Findings& findings) {
    const TemporaryFolder home;
    const TemporaryFolder data;
    const std::string homeIs = "HOME=" + home.path().string();
    inspect({homeIs}, {}, findings);
    findings.equal(packedFilesIn(home.path() / ".local/share/apertura/cache"), std::size_t{1},
                   "packed files below the home folder");
    inspect({homeIs, "XDG_DATA_HOME=" + data.path().string()}, {}, findings);
    findings.equal(packedFilesIn(data.path() / "apertura/cache"), std::size_t{1},
                   "packed files in XDG_DATA_HOME");
    findings.equal(inspect({}, {}, findings)["packed_cache"].get<std::string>(), std::string("off"),
                   "where no place is known");
}

void aFolderThatCannotBeWrittenCostsANote(Findings& findings) {
    const TemporaryFolder folder;
    const fs::path file = folder.path() / "file";
    writeText(file, "x");
    const std::vector<std::string> there = {"APERTURA_DATA_DIR=" + file.string()};
    const Json model = inspect(there, {}, findings);
    findings.equal(model["packed_cache"].get<std::string>(), std::string("failed"), "use");
    findings.verify(model["warnings"].dump().find(file.string()) != std::string::npos,
                    "no warning names the folder: " + model["warnings"].dump());
    findings.equal(greedyIds(there, {}, findings), greedyIds(there, {"--no-cache"}, findings),
                   "ids without a cache");
}

// On a terminal, as only there progress is shown.
void preparingIsShown(Findings& findings) {
    const std::string script = "/usr/bin/script";
    if (!fs::exists(script)) {
        findings.skip("script, which makes a terminal, is not here");
        return;
    }
    if (runProcess({script, "-qec", "echo ready", "/dev/null"}).out.find("ready") ==
        std::string::npos) {
        findings.skip("the system gives out no pseudo-terminal");
        return;
    }
    const TemporaryFolder folder;
    std::string command = "APERTURA_DATA_DIR=" + folder.path().string();
    for (const std::string& word : commandLine({"inspect", quantizedModel()})) {
        command += " \"" + word + "\"";
    }
    const std::vector<std::string> onTerminal = {script, "-qec", command, "/dev/null"};
    const std::string first = runProcess(onTerminal).out;
    findings.verify(first.find("preparing 100 %") != std::string::npos, "first load: " + first);
    const std::string second = runProcess(onTerminal).out;
    findings.verify(second.find("loading 100 %") != std::string::npos &&
                        second.find("preparing") == std::string::npos,
                    "second load: " + second);
}

}  // namespace

std::vector<Case> cases() {
    return {
        commandLineCase("theFirstLoadWritesAndTheSecondHits", theFirstLoadWritesAndTheSecondHits),
        commandLineCase("itLiesWhereTheWindowHasIt", itLiesWhereTheWindowHasIt),
        commandLineCase("aFolderThatCannotBeWrittenCostsANote",
                        aFolderThatCannotBeWrittenCostsANote),
        commandLineCase("preparingIsShown", preparingIsShown)};
}

}  // namespace apertura::test
