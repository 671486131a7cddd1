#include "app/cli/lockstep.h"

#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace apertura::cli {

namespace {

// Hands one row at a time from the thread that computes it to the one that wants it.
class RowExchange {
public:
    // Shows `row` and waits until it has been used, or nobody wants rows any more.
    void offer(std::span<const float> row) {
        std::unique_lock lock(m_mutex);
        m_row = row;
        m_changed.notify_all();
        m_changed.wait(lock, [this] { return !m_row || m_closed; });
        m_row.reset();
    }
    // Waits for the next row and uses it while its owner waits. False where none comes any more.
    bool use(const std::function<void(std::span<const float>)>& work) {
        std::unique_lock lock(m_mutex);
        m_changed.wait(lock, [this] { return m_row || m_closed; });
        if (!m_row) {
            return false;
        }
        work(*m_row);
        m_row.reset();
        m_changed.notify_all();
        return true;
    }
    void close() {
        const std::lock_guard lock(m_mutex);
        m_closed = true;
        m_changed.notify_all();
    }

private:
    std::mutex m_mutex;
    std::condition_variable m_changed;
    std::optional<std::span<const float>> m_row;
    bool m_closed = false;
};

}  // namespace

Result<void> scoreInLockstep(
    Session& a, Session& b, std::span<const TokenId> ids,
    const std::function<void(std::int64_t, std::span<const float>, std::span<const float>)>& onRows,
    const std::stop_token& stop) {
    std::stop_source eitherStops;
    const std::stop_callback forward(stop, [&] { eitherStops.request_stop(); });
    RowExchange rows;
    Result<void> resultOfB;
    std::thread other([&] {
        resultOfB = b.score(
            ids, [&](std::int64_t, std::span<const float> row) { rows.offer(row); },
            eitherStops.get_token());
        if (!resultOfB) {
            eitherStops.request_stop();
        }
        rows.close();
    });
    auto resultOfA = a.score(
        ids,
        [&](std::int64_t position, std::span<const float> rowOfA) {
            rows.use([&](std::span<const float> rowOfB) { onRows(position, rowOfA, rowOfB); });
        },
        eitherStops.get_token());
    if (!resultOfA) {
        eitherStops.request_stop();
    }
    rows.close();
    other.join();
    // A session that was stopped only because the other failed has nothing to say.
    if (!resultOfA && resultOfA.error().code != ErrorCode::cancelled) {
        return resultOfA;
    }
    return resultOfB ? resultOfA : resultOfB;
}

}  // namespace apertura::cli
