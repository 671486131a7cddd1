// The packed cache among processes: a full disk, several writers at once, and a kill at any moment.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <string>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

#include "kernels/check.h"
#include "tests/inference/weights/packed_fixture.h"
#include "tests/support/cases.h"
#include "tests/support/checkpoint_writer.h"

namespace apertura::test {

namespace {

namespace fs = std::filesystem;

// Runs `work` in a process of its own; its exit status, or 128 + the signal that ended it.
int inChild(const std::function<int()>& work) {
    const pid_t child = ::fork();
    CHECK(child >= 0);
    if (child == 0) {
        ::_exit(work());
    }
    int status = 0;
    CHECK(::waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// A limit on file sizes fails as a full disk does, at any byte.
void aFullDiskOnlyWarns(Findings& findings) {
    const auto plain = load(smallModel(), {});
    for (const rlim_t limit : {rlim_t{0}, rlim_t{50}, rlim_t{20'000}, rlim_t{150'000}}) {
        const TemporaryFolder cache;
        const int status = inChild([&] {
            std::signal(SIGXFSZ, SIG_IGN);
            const rlimit limits{limit, limit};
            ::setrlimit(RLIMIT_FSIZE, &limits);
            const auto loaded = load(smallModel(), cache.path());
            if (!loaded || (*loaded)->packedCache != PackedCacheUse::failed ||
                (*loaded)->warnings.size() != (*plain)->warnings.size() + 1) {
                return 1;
            }
            return describe((*loaded)->layers[0].up) == describe((*plain)->layers[0].up) ? 0 : 2;
        });
        findings.equal(status, 0, "load with " + std::to_string(limit) + " bytes of disk");
        findings.verify(filesIn(cache.path()).empty(), "a partial file was left behind");
    }
    const TemporaryFolder folder;
    writeText(folder.path() / "file", "x");
    expectUse(load(smallModel(), folder.path() / "file" / "cache"), PackedCacheUse::failed,
              "a folder that cannot be made", findings);
}

// They write at the same time, and each has its weights.
void severalProcessesShareTheFolder(Findings& findings) {
    const TemporaryFolder cache;
    const auto plain = load(smallModel(), {});
    std::vector<pid_t> children;
    for (int i = 0; i < 4; ++i) {
        const pid_t child = ::fork();
        CHECK(child >= 0);
        if (child == 0) {
            for (int round = 0; round < 5; ++round) {
                const auto loaded = load(smallModel(), cache.path());
                if (round % 2 == 0) {
                    for (const fs::path& file : filesIn(cache.path())) {
                        std::error_code gone;
                        if (file.extension() == ".packed") {
                            fs::remove(file, gone);
                        }
                    }
                }
                // Another process may take the file away between writing and mapping it; the
                // weights are right even then.
                if (!loaded ||
                    describe((*loaded)->layers[0].up) != describe((*plain)->layers[0].up)) {
                    ::_exit(1);
                }
            }
            ::_exit(0);
        }
        children.push_back(child);
    }
    for (const pid_t child : children) {
        int status = 0;
        CHECK(::waitpid(child, &status, 0) == child);
        findings.equal(status, 0, "status of a process");
    }
    for (const fs::path& file : filesIn(cache.path())) {
        findings.verify(file.extension() == ".packed", file.string() + " was left behind");
    }
}

// Killed at ten places while it writes: what is left is never taken for a cache, and goes.
void aKilledWriterLeavesNothingTrusted(Findings& findings) {
    const TemporaryFolder cache;
    int partial = 0;
    for (int kill = 1; kill <= 10; ++kill) {
        int calls = 0;
        const int status = inChild([&] {
            loadCheckpoint({smallModel(), {}},
                           [&](const PhaseEvent&) {
                               if (++calls > 2 * kill) {
                                   ::kill(::getpid(), SIGKILL);
                               }
                           },
                           {}, {cache.path()})
                .ok();
            return 0;
        });
        findings.equal(status, 128 + SIGKILL, "status of the killed process");
        for (const fs::path& file : filesIn(cache.path())) {
            partial += file.extension() == ".partial" ? 1 : 0;
            findings.verify(file.extension() == ".partial", "a killed writer left a cache");
        }
        // The one killed before is removed by the next writer.
        findings.verify(filesIn(cache.path()).size() <= 1, "abandoned files pile up");
    }
    findings.verify(partial >= 5, "few of the kills came while the file was written");
    expectUse(load(smallModel(), cache.path()), PackedCacheUse::written, "after the kills",
              findings);
    onlyFile(cache.path(), findings);
}

// Writes the file, takes it away, and writes it again, until it is killed. Says into `began` that
// it is under way.
[[noreturn]] void writeForEver(const fs::path& cache, int began) {
    for (bool isFirst = true;; isFirst = false) {
        const auto onProgress = [&](const PhaseEvent&) {
            if (std::exchange(isFirst, false)) {
                CHECK(::write(began, "b", 1) == 1);
            }
        };
        loadCheckpoint({smallModel(), {}}, onProgress, {}, {cache}).ok();
        for (const fs::path& file : filesIn(cache)) {
            std::error_code gone;
            if (file.extension() == ".packed") {
                fs::remove(file, gone);
            }
        }
    }
}

// Not at a place of its own choosing, but by another process, wherever it is: between two writes,
// in a sync, before or after the file has its name.
void aKillAtAnyMomentLeavesNothingThatIsDamaged(Findings& findings) {
    constexpr int kKills = 30;
    const auto plain = load(smallModel(), {});
    const TemporaryFolder cache;
    int whole = 0;
    int partial = 0;
    for (int kill = 0; kill < kKills; ++kill) {
        int began[2];
        CHECK(::pipe(began) == 0);
        const pid_t child = ::fork();
        CHECK(child >= 0);
        if (child == 0) {
            writeForEver(cache.path(), began[1]);
        }
        // However long the system takes to let it run.
        ::close(began[1]);
        char byte = 0;
        CHECK(::read(began[0], &byte, 1) == 1);
        ::close(began[0]);
        // Steps that share no factor with the time that one writing takes.
        std::this_thread::sleep_for(std::chrono::microseconds(1'733 * kill));
        ::kill(child, SIGKILL);
        int status = 0;
        CHECK(::waitpid(child, &status, 0) == child && WIFSIGNALED(status));
        for (const fs::path& file : filesIn(cache.path())) {
            (file.extension() == ".packed" ? whole : partial) += 1;
        }
        const auto loaded = load(smallModel(), cache.path());
        const std::string what = "after kill " + std::to_string(kill);
        if (!loaded || (*loaded)->packedCache != PackedCacheUse::hit) {
            expectUse(loaded, PackedCacheUse::written, what, findings);
        }
        if (loaded) {
            expectSame(**loaded, **plain, findings);
        }
        fs::remove(onlyFile(cache.path(), findings));
    }
    findings.note(std::to_string(kKills) + " kills left " + std::to_string(partial) +
                  " unfinished files and " + std::to_string(whole) + " whole ones");
    findings.verify(partial >= 5, "few of the kills came while the file was written");
}

}  // namespace

std::vector<Case> cases() {
    return {
        {"aFullDiskOnlyWarns", aFullDiskOnlyWarns},
        {"severalProcessesShareTheFolder", severalProcessesShareTheFolder},
        {"aKilledWriterLeavesNothingTrusted", aKilledWriterLeavesNothingTrusted},
        {"aKillAtAnyMomentLeavesNothingThatIsDamaged", aKillAtAnyMomentLeavesNothingThatIsDamaged}};
}

}  // namespace apertura::test
