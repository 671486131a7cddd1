// Says in the smallest way how the turns that are shown have changed.
#pragma once

#include <QObject>
#include <QVector>

namespace apertura {

// Threads: the UI thread only.
class ShownTurns : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;

    // Other turns are shown now.
    void replace(const QVector<qint64>& ids);
    // Compares with the ids before. Equal ids mean that the last turn has changed in what it says,
    // as no other does.
    void update(const QVector<qint64>& ids);

Q_SIGNALS:
    void wereReset();
    void appended();
    void changed(int index);

private:
    QVector<qint64> m_ids;
};

}  // namespace apertura
