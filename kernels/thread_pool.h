// A few worker threads that share the loop of one op. Which thread takes which piece is left to
// chance, so a body must compute each result wholly inside one index: then the results do not
// depend on the number of threads.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

namespace apertura::kernels {

// Threads: parallelFor may be called from any thread; calls that overlap run one after the other.
class ThreadPool {
public:
    // `threads` >= 1 counts the calling thread; 1 starts no other.
    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threadCount() const { return static_cast<int>(m_workers.size()) + 1; }

    // Calls body(first, last, worker) for pieces of at most `grain` indices that cover [0, count),
    // and returns when all are done. `worker` is in [0, threadCount()) and differs between bodies
    // that run at the same time. Requires: body throws nothing and does not call parallelFor.
    template <typename Body>
    void parallelFor(std::int64_t count, std::int64_t grain, const Body& body) {
        static_assert(std::is_invocable_v<Body, std::int64_t, std::int64_t, int>);
        run(Job{&body,
                [](const void* function, std::int64_t first, std::int64_t last, int worker) {
                    (*static_cast<const Body*>(function))(first, last, worker);
                },
                count, grain});
    }

private:
    struct Job {
        const void* body = nullptr;
        void (*call)(const void* body, std::int64_t first, std::int64_t last, int worker) = nullptr;
        std::int64_t count = 0;
        std::int64_t grain = 1;
    };

    void run(const Job& job);
    void takePieces(const Job& job, int worker);
    void workerLoop(int worker);

    std::vector<std::thread> m_workers;
    std::mutex m_callerMutex;  // one job at a time
    std::mutex m_mutex;        // guards what follows, but for the counter
    std::condition_variable m_jobArrived;
    std::condition_variable m_workerLeft;
    Job m_job;
    bool m_isOpen = false;  // whether workers may still join the job
    bool m_isEnding = false;
    std::uint64_t m_jobNumber = 0;
    int m_busyWorkers = 0;
    std::atomic<std::int64_t> m_nextIndex{0};
};

}  // namespace apertura::kernels
