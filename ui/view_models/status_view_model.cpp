#include "ui/view_models/status_view_model.h"

#include <algorithm>
#include <chrono>

#include <QDateTime>
#include <QStringList>

#include "ui/view_models/number_text.h"

namespace apertura {
namespace {

using namespace std::chrono_literals;

// Figures that change faster cannot be read.
constexpr auto kShortestInterval = 250ms;
constexpr qint64 kWorthCancellingMs = 300;

}  // namespace

StatusViewModel::StatusViewModel(ChatService& service, QObject* parent)
    : QObject(parent), m_service(service) {
    m_nextRefresh.setSingleShot(true);
    m_clock.setInterval(kShortestInterval);
    connect(&m_nextRefresh, &QTimer::timeout, this, &StatusViewModel::refresh);
    connect(&m_clock, &QTimer::timeout, this, &StatusViewModel::refresh);
    connect(&service, &ChatService::readoutsChanged, this, &StatusViewModel::scheduleRefresh);
    connect(&service, &ChatService::modelChanged, this, &StatusViewModel::scheduleRefresh);
    connect(&service, &ChatService::turnsReset, this, &StatusViewModel::scheduleRefresh);
    refresh();
}

void StatusViewModel::scheduleRefresh() {
    if (m_sinceRefresh.hasExpired(std::chrono::milliseconds(kShortestInterval).count())) {
        refresh();
    } else if (!m_nextRefresh.isActive()) {
        m_nextRefresh.start(kShortestInterval);
    }
}

void StatusViewModel::refresh() {
    m_nextRefresh.stop();
    m_sinceRefresh.start();
    m_readouts = m_service.readouts();
    if (isBusy() != m_clock.isActive()) {
        isBusy() ? m_clock.start() : m_clock.stop();
    }
    Q_EMIT changed();
}

QString StatusViewModel::phase() const {
    if (!isBusy() || (isCounted() && m_readouts.total > 0)) {
        return phaseWord();
    }
    const QString phase = phaseWord() + u' ' + clockText(phaseAgeMs());
    return isLoadWaiting() ? tr("%1, then loading").arg(phase) : phase;
}

QString StatusViewModel::phaseWord() const {
    const int percent = qRound(progress() * 100);
    switch (m_readouts.phase) {
        case ActivityPhase::idle:
            return restWord();
        case ActivityPhase::preparing:
            return m_readouts.total > 0 ? tr("preparing %1 %").arg(percent) : tr("preparing");
        case ActivityPhase::loading:
            return m_readouts.total > 0 ? tr("loading %1 %").arg(percent) : tr("loading");
        case ActivityPhase::readingPrompt:
            return m_readouts.total > 0
                       ? tr("reading %1 of %2")
                             .arg(countText(m_readouts.done), countText(m_readouts.total))
                       : tr("reading");
        case ActivityPhase::writing:
            return tr("writing");
        case ActivityPhase::stopping:
            return tr("stopping");
    }
    return QString();
}

// What to say while nothing runs: how the last answer ended, else the state of the model.
QString StatusViewModel::restWord() const {
    switch (m_service.model().phase) {
        case ModelPhase::none:
            return tr("no model");
        case ModelPhase::failed:
            return tr("model not loaded");
        case ModelPhase::loading:
            return tr("loading");
        case ModelPhase::ready:
            break;
    }
    const QVector<ChatTurn> turns = m_service.turns();
    if (turns.isEmpty() || turns.last().role != Role::assistant) {
        return tr("ready");
    }
    switch (turns.last().state) {
        case MessageState::stopped:
        case MessageState::interrupted:
            return tr("stopped");
        case MessageState::contextFull:
            return tr("context full");
        case MessageState::failed:
            return tr("failed");
        case MessageState::complete:
        case MessageState::partial:
            break;
    }
    return tr("done");
}

bool StatusViewModel::isFailed() const {
    return !isBusy() && m_service.model().phase == ModelPhase::failed;
}

qreal StatusViewModel::progress() const {
    if (!isCounted() || m_readouts.total <= 0) {
        return -1;
    }
    return std::clamp(static_cast<qreal>(m_readouts.done) / static_cast<qreal>(m_readouts.total),
                      0.0, 1.0);
}

bool StatusViewModel::isCancellable() const {
    return isLoadWaiting() || (isCounted() && phaseAgeMs() > kWorthCancellingMs);
}

QString StatusViewModel::readSpeed() const {
    return tr("%1 tok/s").arg(threeDigits(m_readouts.prefillTokensPerSecond));
}

QString StatusViewModel::writeSpeed() const {
    return tr("%1 tok/s").arg(threeDigits(m_readouts.decodeTokensPerSecond));
}

QString StatusViewModel::firstToken() const {
    return tr("%1 s").arg(threeDigits(m_readouts.timeToFirstTokenSeconds));
}

QString StatusViewModel::memoryName() const {
    return m_readouts.deviceIsGpu ? tr("VRAM") : tr("RAM");
}

QString StatusViewModel::memory() const {
    const qint64 used =
        m_readouts.deviceMemoryUsedBytes >= 0 ? m_readouts.deviceMemoryUsedBytes : ownBytes();
    return tr("%1 / %2").arg(memoryText(used), memoryText(m_readouts.deviceMemoryTotalBytes));
}

QString StatusViewModel::memoryLegend() const {
    QStringList lines = {
        tr("Weights: %1").arg(memoryText(m_readouts.weightBytes)),
        tr("KV cache: %1").arg(memoryText(m_readouts.kvBytes)),
    };
    const QString used = memoryText(m_readouts.deviceMemoryUsedBytes);
    const QString total = memoryText(m_readouts.deviceMemoryTotalBytes);
    if (m_readouts.deviceIsGpu) {
        lines << tr("Scratch and other conversations: %1").arg(memoryText(scratchBytes()))
              << tr("Apertura: %1").arg(memoryText(ownBytes()))
              << tr("All programs: %1 of %2").arg(used, total);
    } else {
        lines << tr("Scratch: %1").arg(memoryText(scratchBytes()))
              << tr("Apertura: %1 of %2").arg(used, total);
    }
    return lines.join(u'\n');
}

QString StatusViewModel::figures() const {
    const QStringList lines = {
        tr("Reading: %1").arg(readSpeed()),
        tr("Writing: %1").arg(writeSpeed()),
        tr("First token after %1").arg(firstToken()),
        memoryLegend(),
        tr("Context: %1").arg(context()),
    };
    return lines.join(u'\n');
}

qreal StatusViewModel::otherShare() const {
    const qint64 own = ownBytes();
    return memoryShare(m_readouts.deviceMemoryUsedBytes - std::max<qint64>(own, 0));
}

QString StatusViewModel::context() const {
    return tr("%1 / %2").arg(countText(m_readouts.contextUsed), countText(m_readouts.contextSize));
}

qreal StatusViewModel::contextShare() const {
    if (m_readouts.contextUsed < 0 || m_readouts.contextSize <= 0) {
        return 0;
    }
    return std::min(1.0, static_cast<qreal>(m_readouts.contextUsed) /
                             static_cast<qreal>(m_readouts.contextSize));
}

void StatusViewModel::cancel() {
    if (isLoading() || isLoadWaiting()) {
        m_service.cancelLoading();
    } else {
        m_service.stopRunning();
    }
}

bool StatusViewModel::isLoadWaiting() const {
    return isBusy() && !isLoading() && m_service.model().phase == ModelPhase::loading;
}

bool StatusViewModel::isLoading() const {
    return m_readouts.phase == ActivityPhase::preparing ||
           m_readouts.phase == ActivityPhase::loading;
}

bool StatusViewModel::isCounted() const {
    return isLoading() || m_readouts.phase == ActivityPhase::readingPrompt;
}

qint64 StatusViewModel::phaseAgeMs() const {
    return isBusy() ? QDateTime::currentMSecsSinceEpoch() - m_readouts.phaseStartedMs : 0;
}

// Negative while nothing of it is known.
qint64 StatusViewModel::ownBytes() const {
    if (m_readouts.deviceIsGpu && m_readouts.deviceMemoryOwnBytes >= 0) {
        return m_readouts.deviceMemoryOwnBytes;
    }
    const bool isKnown = m_readouts.weightBytes >= 0;
    return isKnown ? m_readouts.weightBytes + std::max<qint64>(m_readouts.kvBytes, 0) +
                         std::max<qint64>(m_readouts.scratchBytes, 0)
                   : -1;
}

// On a GPU all that is neither weights nor this conversation's KV cache, as each of the others that
// were used last has both there.
qint64 StatusViewModel::scratchBytes() const {
    if (!m_readouts.deviceIsGpu || m_readouts.deviceMemoryOwnBytes < 0) {
        return m_readouts.scratchBytes;
    }
    return std::max<qint64>(m_readouts.deviceMemoryOwnBytes - m_readouts.weightBytes -
                                std::max<qint64>(m_readouts.kvBytes, 0),
                            0);
}

qreal StatusViewModel::memoryShare(qint64 bytes) const {
    if (bytes <= 0 || m_readouts.deviceMemoryTotalBytes <= 0) {
        return 0;
    }
    return std::min(
        1.0, static_cast<qreal>(bytes) / static_cast<qreal>(m_readouts.deviceMemoryTotalBytes));
}

}  // namespace apertura
