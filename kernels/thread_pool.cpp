#include "kernels/thread_pool.h"

#include <algorithm>
#include <exception>

#include "kernels/check.h"

namespace apertura::kernels {

ThreadPool::ThreadPool(int threads) {
    CHECK(threads >= 1);
    m_workers.reserve(static_cast<std::size_t>(threads - 1));
    for (int worker = 1; worker < threads; ++worker) {
        try {
            m_workers.emplace_back([this, worker] { workerLoop(worker); });
        } catch (const std::exception&) {
            break;  // the system gives no more threads, or memory for one: slower, but as right
        }
    }
}

ThreadPool::~ThreadPool() {
    {
        const std::lock_guard lock(m_mutex);
        m_isEnding = true;
    }
    m_jobArrived.notify_all();
    for (std::thread& worker : m_workers) {
        worker.join();
    }
}

void ThreadPool::run(const Job& job) {
    CHECK(job.grain >= 1);
    const std::lock_guard oneCaller(m_callerMutex);
    if (m_workers.empty() || job.count <= job.grain) {
        if (job.count > 0) {
            job.call(job.body, 0, job.count, 0);
        }
        return;
    }
    {
        const std::lock_guard lock(m_mutex);
        m_job = job;
        m_isOpen = true;
        ++m_jobNumber;
        m_nextIndex.store(0, std::memory_order_relaxed);
    }
    m_jobArrived.notify_all();
    takePieces(job, 0);
    // A worker that has not woken by now is not waited for: on a busy machine that may take long.
    std::unique_lock lock(m_mutex);
    m_isOpen = false;
    m_workerLeft.wait(lock, [this] { return m_busyWorkers == 0; });
}

void ThreadPool::takePieces(const Job& job, int worker) {
    for (;;) {
        const std::int64_t first = m_nextIndex.fetch_add(job.grain, std::memory_order_relaxed);
        if (first >= job.count) {
            return;
        }
        job.call(job.body, first, std::min(first + job.grain, job.count), worker);
    }
}

void ThreadPool::workerLoop(int worker) {
    std::uint64_t lastJob = 0;
    std::unique_lock lock(m_mutex);
    for (;;) {
        m_jobArrived.wait(lock, [&] { return m_isEnding || (m_isOpen && m_jobNumber != lastJob); });
        if (m_isEnding) {
            return;
        }
        lastJob = m_jobNumber;
        const Job job = m_job;
        ++m_busyWorkers;
        lock.unlock();
        takePieces(job, worker);
        lock.lock();
        if (--m_busyWorkers == 0) {
            m_workerLeft.notify_one();
        }
    }
}

}  // namespace apertura::kernels
