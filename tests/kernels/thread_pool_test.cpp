#include "kernels/thread_pool.h"

#include <algorithm>
#include <numeric>

#include "tests/support/cases.h"

namespace apertura::test {

namespace {

using kernels::ThreadPool;

void everyIndexIsDoneOnce(Findings& findings) {
    for (const int threads : {1, 2, 4}) {
        ThreadPool pool(threads);
        for (int round = 0; round < 200; ++round) {
            for (const std::int64_t count : {0, 1, 31, 33, 1000}) {
                std::vector<int> times(static_cast<std::size_t>(count));
                pool.parallelFor(count, 7, [&](std::int64_t first, std::int64_t last, int) {
                    for (std::int64_t i = first; i < last; ++i) {
                        ++times[static_cast<std::size_t>(i)];
                    }
                });
                if (!findings.verify(std::count(times.begin(), times.end(), 1) == count, "once")) {
                    return;
                }
            }
        }
    }
}

void workersAtOneTimeHaveDifferentNumbers(Findings& findings) {
    ThreadPool pool(3);
    std::vector<std::atomic<int>> inside(3);
    std::atomic<bool> isBroken = false;
    for (int round = 0; round < 200; ++round) {
        pool.parallelFor(64, 1, [&](std::int64_t, std::int64_t, int worker) {
            isBroken = isBroken || inside[static_cast<std::size_t>(worker)].fetch_add(1) != 0;
            inside[static_cast<std::size_t>(worker)].fetch_sub(1);
        });
    }
    findings.verify(!isBroken, "two bodies with one number");
}

void callersFromSeveralThreadsTakeTurns(Findings& findings) {
    ThreadPool pool(2);
    std::vector<std::int64_t> sums(4);
    std::vector<std::thread> callers;
    for (std::size_t caller = 0; caller < sums.size(); ++caller) {
        callers.emplace_back([&, caller] {
            for (int round = 0; round < 100; ++round) {
                std::vector<std::int64_t> parts(100);
                pool.parallelFor(100, 3, [&](std::int64_t first, std::int64_t last, int) {
                    for (std::int64_t i = first; i < last; ++i) {
                        parts[static_cast<std::size_t>(i)] = i;
                    }
                });
                sums[caller] += std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
            }
        });
    }
    for (std::thread& caller : callers) {
        caller.join();
    }
    for (const std::int64_t sum : sums) {
        findings.equal(sum, 100 * 4950, "sum");
    }
}

}  // namespace

std::vector<Case> cases() {
    return {{"everyIndexIsDoneOnce", everyIndexIsDoneOnce},
            {"workersAtOneTimeHaveDifferentNumbers", workersAtOneTimeHaveDifferentNumbers},
            {"callersFromSeveralThreadsTakeTurns", callersFromSeveralThreadsTakeTurns}};
}

}  // namespace apertura::test
