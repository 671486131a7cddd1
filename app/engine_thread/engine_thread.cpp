#include "app/engine_thread/engine_thread.h"

#include <utility>

#include <QCoreApplication>

namespace apertura {

namespace {

constexpr int kDestructorWaitMs = 2000;

}  // namespace

EngineThread::EngineThread(EngineFactory makeEngine, QObject* parent)
    : QObject(parent),
      m_thread(std::make_unique<QThread>()),
      m_worker(std::make_unique<EngineWorker>(std::move(makeEngine)).release()) {
    m_thread->setObjectName(QStringLiteral("engine"));
    m_worker->moveToThread(m_thread.get());
    connect(m_thread.get(), &QThread::finished, m_worker, &QObject::deleteLater);
    connect(m_worker, &EngineWorker::loadProgressed, this, &EngineThread::loadProgressed);
    connect(m_worker, &EngineWorker::loadEnded, this, &EngineThread::loadEnded);
    connect(m_worker, &EngineWorker::answerProgressed, this, &EngineThread::answerProgressed);
    connect(m_worker, &EngineWorker::memoryRead, this, &EngineThread::memoryRead);
    connect(m_worker, &EngineWorker::answerEnded, this, &EngineThread::forgetStop);
    m_thread->start();
}

EngineThread::~EngineThread() {
    shutDown(kDestructorWaitMs);
}

quint64 EngineThread::load(const ModelSource& source, const LoadOptions& options) {
    m_loadStop.request_stop();
    m_loadStop = std::stop_source();
    const quint64 id = ++m_lastLoadId;
    if (m_worker) {
        QMetaObject::invokeMethod(
            m_worker,
            [worker = m_worker, id, source, options, stop = m_loadStop.get_token()] {
                worker->load(id, source, options, stop);
            },
            Qt::QueuedConnection);
    }
    return id;
}

void EngineThread::cancelLoad() {
    m_loadStop.request_stop();
}

void EngineThread::unload() {
    m_loadStop.request_stop();
    if (m_worker) {
        QMetaObject::invokeMethod(
            m_worker, [worker = m_worker] { worker->unload(); }, Qt::QueuedConnection);
    }
}

void EngineThread::submit(const AnswerRequest& request) {
    const auto [entry, isNew] = m_stops.try_emplace(request.id);
    CHECK(isNew);
    if (m_worker) {
        QMetaObject::invokeMethod(
            m_worker,
            [worker = m_worker, request, stop = entry->second.get_token()] {
                worker->answer(request, stop);
            },
            Qt::QueuedConnection);
    }
}

void EngineThread::cancel(quint64 requestId) {
    const auto found = m_stops.find(requestId);
    if (found != m_stops.end()) {
        found->second.request_stop();
    }
}

void EngineThread::forgetSession(qint64 sessionKey) {
    if (m_worker) {
        QMetaObject::invokeMethod(
            m_worker, [worker = m_worker, sessionKey] { worker->forgetSession(sessionKey); },
            Qt::QueuedConnection);
    }
}

bool EngineThread::shutDown(int timeoutMs) {
    if (!m_thread) {
        return true;
    }
    m_loadStop.request_stop();
    for (auto& [id, stop] : m_stops) {
        stop.request_stop();
    }
    m_thread->quit();
    const bool ended = m_thread->wait(timeoutMs);
    // What the worker has said by now is on its way to this object.
    QCoreApplication::sendPostedEvents(this, QEvent::MetaCall);
    if (!ended) {
        m_worker->disconnect(this);
        static_cast<void>(m_thread.release());
    }
    m_thread.reset();
    m_worker = nullptr;
    return ended;
}

void EngineThread::forgetStop(const AnswerEnd& end) {
    m_stops.erase(end.requestId);
    Q_EMIT answerEnded(end);
}

}  // namespace apertura
