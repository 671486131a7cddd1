// What the tests of the history share.
#pragma once

#include <csignal>
#include <sys/resource.h>

#include <QString>
#include <QTest>

#include "app/history/sqlite_history_store.h"

namespace apertura {

// 2026-11-24 08:00:00 UTC: the clock of these tests.
constexpr qint64 kNowMs = 1'795'507'200'000;

// The value of a call that must succeed.
template <typename T>
T must(Result<T> result) {
    if (!result) {
        qFatal("%s", result.error().message.c_str());
    }
    return std::move(result).value();
}
inline void must(const Result<void>& result) {
    if (!result) {
        qFatal("%s", result.error().message.c_str());
    }
}

inline OpenedHistory openForTest(const QString& path) {
    return must(openHistory({.path = path, .nowMs = [] { return kNowMs; }}));
}

inline qint64 addConversation(HistoryStore& store, const QString& title, qint64 updatedMs = 0) {
    ConversationRecord conversation;
    conversation.title = title;
    conversation.createdMs = updatedMs;
    conversation.updatedMs = updatedMs;
    return must(store.addConversation(conversation));
}

inline qint64 addMessage(HistoryStore& store, qint64 conversationId, qint64 parentId,
                         const QString& text, Role role = Role::user) {
    MessageRecord message;
    message.conversationId = conversationId;
    message.parentId = parentId;
    message.text = text;
    message.role = role;
    return must(store.addMessage(message));
}

// No file of this process grows beyond `bytes` while this lives: a full disk.
class FullDisk {
public:
    explicit FullDisk(qint64 bytes) {
        std::signal(SIGXFSZ, SIG_IGN);
        getrlimit(RLIMIT_FSIZE, &m_before);
        rlimit limit = m_before;
        limit.rlim_cur = static_cast<rlim_t>(bytes);
        setrlimit(RLIMIT_FSIZE, &limit);
    }
    ~FullDisk() { setrlimit(RLIMIT_FSIZE, &m_before); }

private:
    rlimit m_before{};
};

}  // namespace apertura
