// The application without a window, for stories: a scripted engine, a history on disk that can be
// told to be full, and everything that was said.
#pragma once

#include <atomic>
#include <memory>

#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/conversation/local_chat_service.h"
#include "tests/support/fake_engine.h"

namespace apertura::test {

// What a history is to refuse. Threads: set by the test, read by the history's thread.
struct StorageFault {
    std::atomic<bool> isFull = false;
    std::atomic<int> refused = 0;
    std::atomic<int> slowMs = 0;       // every write takes that long
    std::atomic<bool> isHeld = false;  // a write waits until it is not
};

// Passes everything on, unless the disk is "full".
class FaultyStore : public HistoryStore {
public:
    FaultyStore(std::unique_ptr<HistoryStore> store, std::shared_ptr<StorageFault> fault)
        : m_store(std::move(store)), m_fault(std::move(fault)) {}

    Result<std::vector<ConversationRecord>> conversations() override {
        return m_store->conversations();
    }
    Result<qint64> addConversation(const ConversationRecord& conversation) override {
        return refused() ? full() : m_store->addConversation(conversation);
    }
    Result<void> updateConversation(const ConversationRecord& conversation) override {
        return refused() ? full() : m_store->updateConversation(conversation);
    }
    Result<void> deleteConversation(qint64 id, qint64 nowMs) override {
        return refused() ? full() : m_store->deleteConversation(id, nowMs);
    }
    Result<void> restoreConversation(qint64 id) override {
        return m_store->restoreConversation(id);
    }
    Result<void> purgeDeleted(qint64 beforeMs) override { return m_store->purgeDeleted(beforeMs); }
    Result<std::vector<MessageRecord>> messages(qint64 conversationId) override {
        return m_store->messages(conversationId);
    }
    Result<qint64> addMessage(const MessageRecord& message) override {
        return refused() ? full() : m_store->addMessage(message);
    }
    Result<void> updateMessage(const MessageRecord& message) override {
        return refused() ? full() : m_store->updateMessage(message);
    }
    Result<std::vector<DraftRecord>> drafts() override { return m_store->drafts(); }
    Result<void> keepDraft(const DraftRecord& draft) override {
        return refused() ? full() : m_store->keepDraft(draft);
    }
    Result<int> markInterrupted() override { return m_store->markInterrupted(); }

private:
    static Error full() { return {ErrorCode::storageFull, "The disk is full."}; }
    bool refused() const {
        QThread::msleep(static_cast<unsigned long>(m_fault->slowMs.load()));
        while (m_fault->isHeld) {
            QThread::msleep(1);
        }
        m_fault->refused += m_fault->isFull ? 1 : 0;
        return m_fault->isFull;
    }

    std::unique_ptr<HistoryStore> m_store;
    std::shared_ptr<StorageFault> m_fault;
};

class Chat {
public:
    QTemporaryDir folder;
    std::shared_ptr<FakeScript> script = std::make_shared<FakeScript>();
    std::shared_ptr<StorageFault> fault = std::make_shared<StorageFault>();
    QStringList problems;
    QStringList givenBack;  // texts of messages that could not be sent
    int saveIntervalMs = 50;

    // Starts the application with this model; an empty one loads none.
    void start(const QString& model = QStringLiteral("/models/small")) {
        m_settings = std::make_unique<Settings>(folder.path());
        m_history = std::make_unique<HistoryThread>(
            [path = folder.filePath(QStringLiteral("history.sqlite")), fault = fault]() {
                Result<OpenedHistory> opened = openHistory({path, {}});
                if (opened) {
                    opened->store = std::make_unique<FaultyStore>(std::move(opened->store), fault);
                }
                return opened;
            });
        LocalChatOptions options;
        options.nowMs = [this] { return ++m_nowMs; };
        options.saveIntervalMs = saveIntervalMs;
        options.appVersion = QStringLiteral("0.0.test");
        m_service = std::make_unique<LocalChatService>(
            [script = script] { return makeFakeEngine(script); }, *m_history, *m_settings, options);
        QObject::connect(m_service.get(), &ChatService::problem, m_service.get(),
                         [this](const QString& sentence) { problems << sentence; });
        QObject::connect(m_service.get(), &ChatService::sendFailed, m_service.get(),
                         [this](const QString& text, const QString&) { givenBack << text; });
        m_service->start(model);
    }
    // Ends the application as a closing window does.
    void close() {
        fault->isHeld = false;
        if (m_service) {
            m_service->shutDown();
        }
        m_service.reset();
        m_history.reset();
        m_settings.reset();
    }
    void restart() {
        close();
        start();
    }
    ~Chat() { close(); }

    LocalChatService* operator->() const { return m_service.get(); }
    LocalChatService& service() const { return *m_service; }
    Settings& settings() const { return *m_settings; }

    bool isReady() const { return m_service->model().phase == ModelPhase::ready; }
    bool isIdle() const {
        for (const ConversationSummary& summary : m_service->conversations()) {
            if (summary.answering || summary.queuePosition > 0) {
                return false;
            }
        }
        return true;
    }
    // What is shown, a turn a line: "user: question", "assistant: answer".
    QStringList shown() const {
        QStringList lines;
        for (const ChatTurn& turn : m_service->turns()) {
            lines << QString::fromLatin1(roleName(turn.role)) + QLatin1String(": ") + turn.text;
        }
        return lines;
    }
    ChatTurn last() const {
        const QVector<ChatTurn> turns = m_service->turns();
        return turns.isEmpty() ? ChatTurn{} : turns.last();
    }
    bool hasAnswered(int turnCount) const {
        return m_service->turns().size() == turnCount && isIdle() &&
               last().role == Role::assistant && last().state != MessageState::partial;
    }
    ConversationSummary summary(qint64 id) const {
        for (const ConversationSummary& summary : m_service->conversations()) {
            if (summary.id == id) {
                return summary;
            }
        }
        return {};
    }

private:
    qint64 m_nowMs = 1'700'000'000'000;
    std::unique_ptr<Settings> m_settings;
    std::unique_ptr<HistoryThread> m_history;
    std::unique_ptr<LocalChatService> m_service;
};

// `tokens` times "word ", of which all but the first few wait until the script is released.
inline FakeAnswer heldAnswer(int tokens) {
    FakeAnswer answer;
    answer.tokens.assign(static_cast<std::size_t>(tokens), FakeToken{"word ", SpanKind::response});
    answer.heldAfterTokens = 2;
    return answer;
}

// `tokens` times "word ", one after each delay.
inline FakeAnswer slowAnswer(int tokens, std::chrono::milliseconds delay) {
    FakeAnswer answer;
    answer.tokens.assign(static_cast<std::size_t>(tokens), FakeToken{"word ", SpanKind::response});
    answer.delayPerToken = delay;
    return answer;
}

}  // namespace apertura::test
