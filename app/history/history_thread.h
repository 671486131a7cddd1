// The history's own thread: it opens the store there, runs requests one after the other, and brings
// their results back.
#pragma once

#include <functional>
#include <utility>

#include <QObject>
#include <QStringList>
#include <QThread>

#include "app/history/sqlite_history_store.h"

namespace apertura {

// Threads: everything here is called from the thread that made it, and signals and answers arrive
// there. `open` and the work of requests run on the history's thread and take what they need by
// value.
class HistoryThread : public QObject {
    Q_OBJECT

public:
    // Opens at once. Where that fails, every request is answered with its error.
    explicit HistoryThread(std::function<Result<OpenedHistory>()> open, QObject* parent = nullptr);
    // Finishes the queued work, without answering it, and closes the store. drain() before it where
    // waiting has a limit.
    ~HistoryThread() override;

    // Runs `work` after everything requested before, then `done` with its result; `done` is dropped
    // if `receiver` is gone by then. Requires: `receiver` lives in this object's thread.
    template <typename T>
    void request(std::function<Result<T>(HistoryStore&)> work, QObject* receiver,
                 std::function<void(Result<T>)> done) {
        enqueue(
            [work = std::move(work), done = std::move(done)](Result<OpenedHistory>& history) {
                Result<T> result = history ? work(*history->store) : Result<T>(history.error());
                return [done, result = std::move(result)] { done(result); };
            },
            receiver);
    }

    // Waits until nothing is queued any more, answering meanwhile what is done; answers may request
    // more. True: all is on disk and answered. False: `timeoutMs` passed before.
    bool drain(int timeoutMs);

Q_SIGNALS:
    void opened(const QStringList& notices);  // sentences about what was damaged and rescued
    void openFailed(const QString& sentence);

private:
    using Answer = std::function<void()>;
    using Job = std::function<Answer(Result<OpenedHistory>&)>;
    class Worker;

    void enqueue(Job job, QObject* receiver);

    QThread m_thread;
    Worker* m_worker = nullptr;  // lives in m_thread, deletes itself when that ends
    int m_unanswered = 0;        // jobs queued here whose answers have not arrived
};

}  // namespace apertura
