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

void LiveReadouts::loadProgressed(const LoadProgress& progress) {
    // One clock for both: what a person waits for is the model.
    m_readouts.phase =
        progress.phase == Phase::preparing ? ActivityPhase::preparing : ActivityPhase::loading;
    m_readouts.done = progress.bytesDone;
    m_readouts.total = progress.bytesTotal;
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
        m_readouts.deviceIsGpu = model->backend == "cuda";
        takeMemory({model->deviceMemoryUsedBytes, model->deviceMemoryFreeBytes,
                    model->deviceMemoryOwnBytes});
        if (m_readouts.deviceIsGpu && model->deviceMemoryOwnBytes > 0) {
            // There is no session yet; the embedding stays in RAM.
            m_readouts.weightBytes = model->deviceMemoryOwnBytes;
        }
        m_readouts.contextSize = std::min<qint64>(model->maximumContext, kDefaultContext);
        m_readouts.contextUsed = -1;
    }
    announce();
}

void LiveReadouts::memoryRead(const DeviceMemory& memory) {
    if (!m_isLoading) {
        takeMemory(memory);
        announce();
    }
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
        // A GPU sets the whole context aside when a session begins.
        m_readouts.kvBytes = m_kvBytesPerToken *
                             (m_readouts.deviceIsGpu ? progress.contextSize : progress.contextUsed);
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
    if (!m_readouts.deviceIsGpu) {
        m_readouts.weightBytes = metrics.weightBytes + metrics.adapterBytes;
    }
    m_readouts.kvBytes = metrics.kvBytes;
    m_readouts.scratchBytes = metrics.scratchBytes;
    m_readouts.contextUsed = metrics.contextUsed;
    m_readouts.contextSize = metrics.contextSize;
    takeMemory({metrics.deviceMemoryUsedBytes, metrics.deviceMemoryFreeBytes,
                metrics.deviceMemoryOwnBytes});
}

void LiveReadouts::takeMemory(const DeviceMemory& memory) {
    if (memory.usedBytes > 0) {
        m_readouts.deviceMemoryUsedBytes = memory.usedBytes;
        m_readouts.deviceMemoryTotalBytes = memory.usedBytes + memory.freeBytes;
    }
    if (memory.ownBytes > 0) {
        m_readouts.deviceMemoryOwnBytes = memory.ownBytes;
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
