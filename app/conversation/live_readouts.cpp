#include "app/conversation/live_readouts.h"

#include <algorithm>
#include <utility>

namespace apertura {

namespace {

constexpr int kIntervalMs = 250;

}  // namespace

LiveReadouts::LiveReadouts(std::function<qint64()> nowMs, QObject* parent)
    : QObject(parent), m_nowMs(std::move(nowMs)) {
    m_timer.setSingleShot(true);
    connect(&m_timer, &QTimer::timeout, this, &LiveReadouts::emitNow);
}

void LiveReadouts::loadBegan() {
    m_isLoading = true;
    if (!m_isAnswering) {
        m_readouts = Readouts{};
        enter(ActivityPhase::loading);
    }
    announce();
}

void LiveReadouts::loadProgressed(qint64 bytesDone, qint64 bytesTotal) {
    m_readouts.done = bytesDone;
    m_readouts.total = bytesTotal;
    announce();
}

void LiveReadouts::loadEnded(const ModelInfo* model) {
    m_isLoading = false;
    if (!m_isAnswering) {
        enter(ActivityPhase::idle);
    }
    if (model) {
        m_kvBytesPerToken = model->kvBytesPerToken;
        m_readouts.weightBytes = model->weightBytes + model->adapterBytes;
        takeMemory(model->deviceMemoryUsedBytes, model->deviceMemoryFreeBytes);
        m_readouts.deviceIsGpu = model->backend == "cuda";
        m_readouts.contextSize = std::min<qint64>(model->maximumContext, kDefaultContext);
        m_readouts.contextUsed = -1;
    }
    announce();
}

void LiveReadouts::answerBegan() {
    m_isAnswering = true;
    m_readouts.prefillTokensPerSecond = -1;
    m_readouts.decodeTokensPerSecond = -1;
    m_readouts.timeToFirstTokenSeconds = -1;
    enter(ActivityPhase::readingPrompt);
    announce();
}

void LiveReadouts::answerProgressed(const AnswerProgress& progress) {
    const ActivityPhase phase =
        progress.phase == Phase::writing ? ActivityPhase::writing : ActivityPhase::readingPrompt;
    if (m_readouts.phase != phase) {
        enter(phase);
    }
    m_readouts.done = progress.done;
    m_readouts.total = progress.total;
    m_readouts.prefillTokensPerSecond = progress.prefillTokensPerSecond;
    m_readouts.decodeTokensPerSecond = progress.decodeTokensPerSecond;
    m_readouts.timeToFirstTokenSeconds = progress.timeToFirstTokenSeconds;
    m_readouts.contextSize = progress.contextSize;
    if (progress.contextUsed >= 0) {
        m_readouts.contextUsed = progress.contextUsed;
        m_readouts.kvBytes = progress.contextUsed * m_kvBytesPerToken;
    }
    announce();
}

void LiveReadouts::answerStopping() {
    enter(ActivityPhase::stopping);
    announce();
}

void LiveReadouts::answerEnded(const Metrics* metrics) {
    m_isAnswering = false;
    enter(m_isLoading ? ActivityPhase::loading : ActivityPhase::idle);
    if (metrics) {
        takeMetrics(*metrics);
    }
    announce();
}

void LiveReadouts::showContext(qint64 used) {
    if (!m_isAnswering) {
        m_readouts.contextUsed = used;
        announce();
    }
}

void LiveReadouts::enter(ActivityPhase phase) {
    m_readouts.phase = phase;
    m_readouts.phaseStartedMs = m_nowMs();
    m_readouts.done = 0;
    m_readouts.total = 0;
}

void LiveReadouts::takeMetrics(const Metrics& metrics) {
    const auto known = [](double value) { return value > 0 ? value : -1; };
    m_readouts.prefillTokensPerSecond = known(metrics.prefillTokensPerSecond);
    m_readouts.decodeTokensPerSecond = known(metrics.decodeTokensPerSecond);
    m_readouts.timeToFirstTokenSeconds = known(metrics.timeToFirstTokenSeconds);
    m_readouts.weightBytes = metrics.weightBytes + metrics.adapterBytes;
    m_readouts.kvBytes = metrics.kvBytes;
    m_readouts.scratchBytes = metrics.scratchBytes;
    m_readouts.contextUsed = metrics.contextUsed;
    m_readouts.contextSize = metrics.contextSize;
    takeMemory(metrics.deviceMemoryUsedBytes, metrics.deviceMemoryFreeBytes);
}

void LiveReadouts::takeMemory(qint64 usedBytes, qint64 freeBytes) {
    if (usedBytes > 0) {
        m_readouts.deviceMemoryUsedBytes = usedBytes;
        m_readouts.deviceMemoryTotalBytes = usedBytes + freeBytes;
    }
}

void LiveReadouts::announce() {
    if (m_timer.isActive()) {
        return;
    }
    const qint64 passed = m_sinceEmitted.isValid() ? m_sinceEmitted.elapsed() : kIntervalMs;
    if (passed >= kIntervalMs) {
        emitNow();
    } else {
        m_timer.start(static_cast<int>(kIntervalMs - passed));
    }
}

void LiveReadouts::emitNow() {
    m_sinceEmitted.start();
    Q_EMIT changed();
}

}  // namespace apertura
