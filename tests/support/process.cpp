#include "tests/support/process.h"

#include <array>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <string_view>
#include <sys/wait.h>
#include <unistd.h>

#include "kernels/check.h"

extern char** environ;

namespace apertura::test {

namespace {

struct Pipe {
    int readEnd = -1;
    int writeEnd = -1;
};

Pipe makePipe() {
    std::array<int, 2> ends{};
    CHECK(pipe2(ends.data(), O_CLOEXEC) == 0);
    return {ends[0], ends[1]};
}

void closeEnd(int& end) {
    if (end >= 0) {
        close(end);
        end = -1;
    }
}

class Child {
public:
    explicit Child(const std::vector<std::string>& arguments)
        : m_in(makePipe()), m_out(makePipe()), m_err(makePipe()) {
        std::vector<char*> pointers;
        for (const std::string& argument : arguments) {
            pointers.push_back(const_cast<char*>(argument.c_str()));
        }
        pointers.push_back(nullptr);
        posix_spawn_file_actions_t actions;
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, m_in.readEnd, STDIN_FILENO);
        posix_spawn_file_actions_adddup2(&actions, m_out.writeEnd, STDOUT_FILENO);
        posix_spawn_file_actions_adddup2(&actions, m_err.writeEnd, STDERR_FILENO);
        CHECK(posix_spawn(&m_id, pointers[0], &actions, nullptr, pointers.data(), environ) == 0);
        posix_spawn_file_actions_destroy(&actions);
        closeEnd(m_in.readEnd);
        closeEnd(m_out.writeEnd);
        closeEnd(m_err.writeEnd);
    }

    ProcessResult finish(std::string_view input, bool interruptAtOutput) {
        ProcessResult result;
        while (m_out.readEnd >= 0 || m_err.readEnd >= 0) {
            if (input.empty()) {
                closeEnd(m_in.writeEnd);
            }
            std::array<pollfd, 3> waiting = {{{m_in.writeEnd, POLLOUT, 0},
                                              {m_out.readEnd, POLLIN, 0},
                                              {m_err.readEnd, POLLIN, 0}}};
            CHECK(poll(waiting.data(), waiting.size(), -1) > 0);
            if (waiting[0].revents != 0) {
                feed(input);
            }
            drain(waiting[1], m_out.readEnd, result.out);
            drain(waiting[2], m_err.readEnd, result.err);
            if (interruptAtOutput && !result.out.empty()) {
                kill(m_id, SIGINT);
                interruptAtOutput = false;
            }
        }
        closeEnd(m_in.writeEnd);
        int status = 0;
        CHECK(waitpid(m_id, &status, 0) == m_id);
        result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        return result;
    }

private:
    void feed(std::string_view& input) {
        constexpr std::size_t kAtMost = 4096;
        const auto written = write(m_in.writeEnd, input.data(), std::min(input.size(), kAtMost));
        input.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : input.size());
    }
    static void drain(const pollfd& waiting, int& end, std::string& into) {
        if (waiting.revents == 0) {
            return;
        }
        std::array<char, 65536> buffer{};
        const auto count = read(end, buffer.data(), buffer.size());
        if (count > 0) {
            into.append(buffer.data(), static_cast<std::size_t>(count));
        } else {
            closeEnd(end);
        }
    }

    Pipe m_in;
    Pipe m_out;
    Pipe m_err;
    pid_t m_id = -1;
};

ProcessResult run(const std::vector<std::string>& arguments, const std::string& input,
                  bool interruptAtOutput) {
    // A program that ends before it has read everything is no reason for us to end.
    std::signal(SIGPIPE, SIG_IGN);
    return Child(arguments).finish(input, interruptAtOutput);
}

}  // namespace

ProcessResult runProcess(const std::vector<std::string>& arguments, const std::string& input) {
    return run(arguments, input, false);
}

ProcessResult runAndInterrupt(const std::vector<std::string>& arguments) {
    return run(arguments, {}, true);
}

}  // namespace apertura::test
