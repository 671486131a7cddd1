#include "app/cli/interrupt.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace apertura::cli {

namespace {

constexpr int kInterruptedStatus = 130;  // as shells report a program that Ctrl-C ended
constexpr long kPollNanoseconds = 100'000'000;

sigset_t interruptSet() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    return set;
}

}  // namespace

Interrupts::Interrupts() {
    const sigset_t set = interruptSet();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    m_watcher = std::jthread([this, set](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const timespec wait = {0, kPollNanoseconds};
            if (sigtimedwait(&set, nullptr, &wait) == SIGINT) {
                interrupted();
            }
        }
    });
}

Interrupts::~Interrupts() {
    m_watcher.request_stop();
    m_watcher.join();
    const sigset_t set = interruptSet();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

std::stop_token Interrupts::begin() {
    const std::lock_guard lock(m_mutex);
    m_running.emplace();
    return m_running->get_token();
}

void Interrupts::finish() {
    const std::lock_guard lock(m_mutex);
    m_running.reset();
}

void Interrupts::interrupted() {
    const std::lock_guard lock(m_mutex);
    if (m_running && !m_running->stop_requested()) {
        m_running->request_stop();
        return;
    }
    std::fputs("\n", stderr);
    std::_Exit(m_running ? kInterruptedStatus : 0);
}

}  // namespace apertura::cli
