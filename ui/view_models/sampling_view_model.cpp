#include "ui/view_models/sampling_view_model.h"

#include <QStringList>

namespace apertura {

SamplingViewModel::SamplingViewModel(ChatService& service, QObject* parent)
    : QObject(parent), m_service(service), m_parameters(service) {
    connect(&service, &ChatService::conversationSettingsChanged, this, &SamplingViewModel::refresh);
    connect(&service, &ChatService::modelChanged, this, &SamplingViewModel::refresh);
    connect(&service, &ChatService::turnsReset, this, &SamplingViewModel::refresh);
    connect(&service, &ChatService::conversationsChanged, this, &SamplingViewModel::refresh);
    refresh();
}

bool SamplingViewModel::isCustom() const {
    return m_service.samplingIsCustom();
}

QString SamplingViewModel::stopStrings() const {
    QStringList lines;
    for (const std::string& each : m_service.sampling().stop) {
        // A line end inside a stop string is written as \n.
        lines.append(QString::fromStdString(each).replace(u'\n', QStringLiteral("\\n")));
    }
    return lines.join(u'\n');
}

void SamplingViewModel::setStopStrings(const QString& lines) {
    if (lines == stopStrings()) {
        return;
    }
    SamplingOptions options = m_service.sampling();
    options.stop.clear();
    for (QString line : lines.split(u'\n', Qt::SkipEmptyParts)) {
        options.stop.push_back(
            line.replace(QStringLiteral("\\n"), QStringLiteral("\n")).toStdString());
    }
    m_service.setSampling(options);
}

bool SamplingViewModel::isSeedLocked() const {
    return m_service.sampling().seed.has_value();
}

void SamplingViewModel::setSeedLocked(bool locked) {
    if (locked == isSeedLocked()) {
        return;
    }
    SamplingOptions options = m_service.sampling();
    options.seed.reset();
    if (locked) {
        options.seed = lastSeed();
    }
    m_service.setSampling(options);
}

QString SamplingViewModel::seed() const {
    return QString::number(m_service.sampling().seed.value_or(lastSeed()));
}

void SamplingViewModel::setSeed(const QString& digits) {
    bool isNumber = false;
    const quint64 value = digits.trimmed().toULongLong(&isNumber);
    if (!isNumber || digits == seed()) {
        Q_EMIT changed();  // the field shows the seed in force again
        return;
    }
    SamplingOptions options = m_service.sampling();
    options.seed = value;
    m_service.setSampling(options);
}

void SamplingViewModel::reset() {
    m_service.resetSampling();
}

void SamplingViewModel::refresh() {
    const Shown now{isCustom(), stopStrings(), isSeedLocked(), seed()};
    if (!(now == m_shown)) {
        m_shown = now;
        Q_EMIT changed();
    }
}

// Of the last answer that is shown; locking it makes that answer repeatable.
quint64 SamplingViewModel::lastSeed() const {
    const QVector<ChatTurn> turns = m_service.turns();
    for (auto turn = turns.rbegin(); turn != turns.rend(); ++turn) {
        if (turn->role == Role::assistant && turn->seed != 0) {
            return turn->seed;
        }
    }
    return 0;
}

}  // namespace apertura
