// Whether storing fails at the moment, so that a full disk is said once and not with every try.
#pragma once

#include <utility>

#include <QObject>
#include <QString>

#include "inference/status.h"

namespace apertura {

// Threads: the UI thread only.
class StorageTrouble : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;

    // Notes how an attempt to store went. True: it is worth another try later.
    bool failed(const Result<void>& result) {
        if (result) {
            m_lasts = false;
            return false;
        }
        if (!std::exchange(m_lasts, true)) {
            Q_EMIT began(QString::fromStdString(result.error().message));
        }
        // What is gone from the history stays gone.
        return result.error().code != ErrorCode::invalidRequest;
    }

Q_SIGNALS:
    void began(const QString& sentence);

private:
    bool m_lasts = false;
};

}  // namespace apertura
