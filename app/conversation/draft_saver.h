// Keeps on disk what is being typed: about once a second while it changes, and again until it
// succeeds.
#pragma once

#include <QHash>
#include <QObject>
#include <QTimer>

#include "app/conversation/storage_trouble.h"
#include "app/history/history_thread.h"

namespace apertura {

// Threads: the UI thread only.
class DraftSaver : public QObject {
    Q_OBJECT

public:
    DraftSaver(HistoryThread& history, StorageTrouble& trouble, int intervalMs,
               QObject* parent = nullptr);

    // Reads what was kept, for read(). What is asked of the history after it is answered after it.
    void load();
    // The draft is on disk at most an interval and one write later.
    void keep(const DraftRecord& draft);
    // Hands over what keep() still holds back.
    void flush();

Q_SIGNALS:
    void read(const QVector<apertura::DraftRecord>& drafts);

private:
    HistoryThread& m_history;
    StorageTrouble& m_trouble;
    QTimer m_timer;
    QHash<qint64, DraftRecord> m_changed;  // by conversation
};

}  // namespace apertura
