#include "app/conversation/draft_saver.h"

#include <utility>

namespace apertura {

DraftSaver::DraftSaver(HistoryThread& history, StorageTrouble& trouble, int intervalMs,
                       QObject* parent)
    : QObject(parent), m_history(history), m_trouble(trouble) {
    m_timer.setSingleShot(true);
    m_timer.setInterval(intervalMs);
    connect(&m_timer, &QTimer::timeout, this, &DraftSaver::flush);
}

void DraftSaver::load() {
    using Drafts = std::vector<DraftRecord>;
    m_history.request<Drafts>([](HistoryStore& store) { return store.drafts(); }, this,
                              [this](const Result<Drafts>& drafts) {
                                  // A history that cannot be read says so with its conversations.
                                  if (drafts && !drafts->empty()) {
                                      Q_EMIT read({drafts->begin(), drafts->end()});
                                  }
                              });
}

void DraftSaver::keep(const DraftRecord& draft) {
    m_changed.insert(draft.conversationId, draft);
    if (!m_timer.isActive()) {
        m_timer.start();
    }
}

void DraftSaver::flush() {
    for (const DraftRecord& draft : std::exchange(m_changed, {})) {
        m_history.request<void>([draft](HistoryStore& store) { return store.keepDraft(draft); },
                                this,
                                [this, draft](const Result<void>& result) {
                                    const bool isNewest = !m_changed.contains(draft.conversationId);
                                    if (m_trouble.failed(result) && isNewest) {
                                        keep(draft);
                                    }
                                });
    }
}

}  // namespace apertura
