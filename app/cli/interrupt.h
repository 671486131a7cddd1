// Ctrl-C: the first ends what is running, one more, or one while nothing runs, ends the program.
#pragma once

#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>

namespace apertura::cli {

// Takes SIGINT for as long as it lives. The signal is blocked in this thread and in those it
// starts, and waited for in a thread of its own, since nothing of an answer may be touched in a
// signal handler. Requires: made before any other thread is started.
class Interrupts {
public:
    Interrupts();
    ~Interrupts();
    Interrupts(const Interrupts&) = delete;
    Interrupts& operator=(const Interrupts&) = delete;

    // What is running from here on, until finish(), is stopped by the next Ctrl-C.
    std::stop_token begin();
    void finish();

private:
    void interrupted();

    std::mutex m_mutex;
    std::optional<std::stop_source> m_running;
    std::jthread m_watcher;
};

}  // namespace apertura::cli
