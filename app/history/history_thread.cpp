#include "app/history/history_thread.h"

#include <chrono>
#include <future>
#include <memory>
#include <optional>

#include <QCoreApplication>
#include <QDeadlineTimer>
#include <QEvent>
#include <QPointer>

namespace apertura {

// Holds the store. Lives in the history's thread; jobs reach it as queued calls, in order.
class HistoryThread::Worker : public QObject {
public:
    std::optional<Result<OpenedHistory>> history;
};

HistoryThread::HistoryThread(std::function<Result<OpenedHistory>()> open, QObject* parent)
    : QObject(parent), m_worker(new Worker) {
    m_thread.setObjectName(QStringLiteral("history"));
    m_worker->moveToThread(&m_thread);
    connect(&m_thread, &QThread::finished, m_worker, &QObject::deleteLater);
    m_thread.start();

    Worker* worker = m_worker;
    QMetaObject::invokeMethod(
        worker, [worker, open = std::move(open)] { worker->history.emplace(open()); },
        Qt::QueuedConnection);
    enqueue(
        [this](Result<OpenedHistory>& history) -> Answer {
            if (!history) {
                const QString sentence = QString::fromStdString(history.error().message);
                return [this, sentence] { Q_EMIT openFailed(sentence); };
            }
            return [this, notices = history->notices] { Q_EMIT opened(notices); };
        },
        this);
}

HistoryThread::~HistoryThread() {
    // Queued, not called, so that it comes after all work.
    QMetaObject::invokeMethod(
        m_worker,
        [worker = m_worker] {
            worker->history.reset();
            worker->thread()->quit();
        },
        Qt::QueuedConnection);
    m_thread.wait();
}

void HistoryThread::enqueue(Job job, QObject* receiver) {
    CHECK(receiver && receiver->thread() == thread());
    ++m_unanswered;
    // Answers come back to this object, which outlives its thread, and only here is looked whether
    // the receiver still lives.
    QMetaObject::invokeMethod(
        m_worker,
        [this, worker = m_worker, job = std::move(job), receiver = QPointer<QObject>(receiver)] {
            QMetaObject::invokeMethod(
                this,
                [this, answer = job(*worker->history), receiver] {
                    --m_unanswered;
                    if (receiver) {
                        answer();
                    }
                },
                Qt::QueuedConnection);
        },
        Qt::QueuedConnection);
}

bool HistoryThread::drain(int timeoutMs) {
    const QDeadlineTimer deadline(timeoutMs);
    while (m_unanswered > 0) {
        auto passed = std::make_shared<std::promise<void>>();
        const std::future<void> arrived = passed->get_future();
        QMetaObject::invokeMethod(
            m_worker, [passed] { passed->set_value(); }, Qt::QueuedConnection);
        const std::chrono::milliseconds left(deadline.remainingTime());
        if (arrived.wait_for(left) != std::future_status::ready) {
            return false;
        }
        QCoreApplication::sendPostedEvents(this, QEvent::MetaCall);
    }
    return true;
}

}  // namespace apertura
