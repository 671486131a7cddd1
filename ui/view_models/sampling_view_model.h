// How answers are sampled in the open conversation: the numeric parameters, stop strings and the
// seed with its lock.
#pragma once

#include <QObject>
#include <QString>
#include <QtQml/qqmlregistration.h>

#include "ui/view_models/sampling_parameter_model.h"

namespace apertura {

class SamplingViewModel : public QObject {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Belongs to the chat")
    Q_PROPERTY(apertura::SamplingParameterModel* parameters READ parameters CONSTANT)
    Q_PROPERTY(bool custom READ isCustom NOTIFY changed)
    // A string a line.
    Q_PROPERTY(QString stopStrings READ stopStrings WRITE setStopStrings NOTIFY changed)
    // Locked: every answer uses `seed`. Open: a fresh one each time, and `seed` is the last one
    // used.
    Q_PROPERTY(bool seedLocked READ isSeedLocked WRITE setSeedLocked NOTIFY changed)
    Q_PROPERTY(QString seed READ seed WRITE setSeed NOTIFY changed)

public:
    // Threads: the UI thread. `service` outlives this.
    explicit SamplingViewModel(ChatService& service, QObject* parent = nullptr);

    SamplingParameterModel* parameters() { return &m_parameters; }
    bool isCustom() const;
    QString stopStrings() const;
    void setStopStrings(const QString& lines);
    bool isSeedLocked() const;
    void setSeedLocked(bool locked);
    QString seed() const;
    // Digits lock it to that seed; anything else changes nothing.
    void setSeed(const QString& digits);

    Q_INVOKABLE void reset();

Q_SIGNALS:
    void changed();

private:
    // What is shown besides the numbers.
    struct Shown {
        bool custom = false;
        QString stopStrings;
        bool seedLocked = false;
        QString seed;

        bool operator==(const Shown&) const = default;
    };

    // Says `changed` only where it is so: fields that are being typed in take the value in force.
    void refresh();
    quint64 lastSeed() const;

    ChatService& m_service;
    SamplingParameterModel m_parameters;
    Shown m_shown;
};

}  // namespace apertura
