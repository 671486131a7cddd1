#include "ui/view_models/turn_text.h"

#include <QCoreApplication>
#include <QStringList>

#include "ui/view_models/number_text.h"
#include "ui/view_models/text_direction.h"

namespace apertura {
namespace {

struct Turn {
    Q_DECLARE_TR_FUNCTIONS(Turn)
};

}  // namespace

bool isBeingAnswered(const ChatTurn& turn) {
    return turn.role == Role::assistant && (turn.queued || turn.state == MessageState::partial);
}

QString footerText(const ChatTurn& turn) {
    QStringList parts;
    if (!turn.modelName.isEmpty()) {
        parts.append(isolated(turn.modelName));
    }
    if (turn.metrics && turn.metrics->decodeTokensPerSecond > 0) {
        parts.append(Turn::tr("%1 tok/s").arg(threeDigits(turn.metrics->decodeTokensPerSecond)));
    }
    if (turn.metrics && turn.metrics->timeToFirstTokenSeconds > 0) {
        parts.append(Turn::tr("%1 s").arg(threeDigits(turn.metrics->timeToFirstTokenSeconds)));
    }
    return parts.join(QStringLiteral(" · "));
}

QString detailsText(const ChatTurn& turn) {
    if (!turn.metrics) {
        return isolated(turn.modelName);
    }
    const Metrics& metrics = *turn.metrics;
    const QString device = QString::fromStdString(metrics.device);
    const QStringList lines = {
        Turn::tr("Model: %1").arg(isolated(turn.modelName)),
        Turn::tr("Computed by: %1")
            .arg(device.isEmpty() ? QString::fromStdString(metrics.backend) : device),
        Turn::tr("Prompt: %1 tokens, %2 of them kept from before")
            .arg(countText(metrics.promptTokens), countText(metrics.reusedTokens)),
        Turn::tr("Reading: %1 tokens per second").arg(threeDigits(metrics.prefillTokensPerSecond)),
        Turn::tr("First token after %1 s").arg(threeDigits(metrics.timeToFirstTokenSeconds)),
        Turn::tr("Answer: %1 tokens, %2 per second")
            .arg(countText(metrics.completionTokens), threeDigits(metrics.decodeTokensPerSecond)),
        Turn::tr("Context: %1 of %2 tokens")
            .arg(countText(metrics.contextUsed), countText(metrics.contextSize)),
        Turn::tr("Seed: %1").arg(turn.seed),
    };
    return lines.join(u'\n');
}

QString noticeText(const ChatTurn& turn) {
    switch (turn.state) {
        case MessageState::complete:
            return turn.finishReason == QLatin1String("length")
                       ? Turn::tr("Ended at the longest answer allowed.")
                       : QString();
        case MessageState::partial:
            return turn.queued ? Turn::tr("Waits for its turn") : QString();
        case MessageState::interrupted:
            return Turn::tr("Interrupted: the program ended while this was written.");
        case MessageState::stopped:
            return Turn::tr("Stopped");
        case MessageState::contextFull:
            return Turn::tr("The context is full, so the answer ends here.");
        case MessageState::failed:
            return turn.error.isEmpty() ? Turn::tr("This answer failed.") : turn.error;
    }
    return QString();
}

}  // namespace apertura
