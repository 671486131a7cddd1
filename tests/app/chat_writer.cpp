// A chat that is about to be killed: asks one question after the other in the folder at argv[1],
// over an engine that writes slowly, and says on standard output what it has shown, a line each:
// "<message id> <characters> <milliseconds of the monotonic clock>".
#include <cstdio>
#include <string>
#include <unistd.h>

#include <QCoreApplication>
#include <QElapsedTimer>

#include "app/conversation/local_chat_service.h"
#include "tests/support/fake_engine.h"

namespace apertura {
namespace {

void say(const ChatTurn& turn) {
    QElapsedTimer clock;
    clock.start();
    const std::string line = std::to_string(turn.id) + " " + std::to_string(turn.text.size()) +
                             " " + std::to_string(clock.msecsSinceReference()) + "\n";
    // In one piece: the reader sees whole lines or nothing.
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) {
        _exit(1);
    }
}

void askAgain(LocalChatService& chat) {
    const QVector<ChatTurn> turns = chat.turns();
    const bool isAnswered = turns.isEmpty() || (turns.last().role == Role::assistant &&
                                                turns.last().state != MessageState::partial);
    if (chat.model().phase == ModelPhase::ready && isAnswered) {
        chat.send(QStringLiteral("Question %1: 字?").arg(turns.size()));
    }
}

int runUntilKilled(const QString& folder) {
    auto script = std::make_shared<test::FakeScript>();
    test::FakeAnswer answer;
    answer.tokens.assign(150, test::FakeToken{"слово ", SpanKind::response});
    answer.delayPerToken = std::chrono::milliseconds(10);
    script->setDefaultAnswer(answer);
    Settings settings(folder);
    HistoryThread history([folder] {
        return openHistory({folder + QStringLiteral("/history.sqlite"), {}});
    });
    LocalChatService chat([script] { return test::makeFakeEngine(script); }, history, settings, {});
    const auto sayLast = [&chat] { say(chat.turns().last()); };
    QObject::connect(&chat, &ChatService::turnAppended, &chat, sayLast);
    QObject::connect(&chat, &ChatService::turnChanged, &chat, sayLast);
    QObject::connect(&chat, &ChatService::conversationsChanged, &chat, [&] { askAgain(chat); });
    QObject::connect(&chat, &ChatService::modelChanged, &chat, [&] { askAgain(chat); });
    chat.start(QStringLiteral("/models/small"));
    return QCoreApplication::exec();
}

}  // namespace
}  // namespace apertura

int main(int argc, char** argv) {
    const QCoreApplication application(argc, argv);
    return argc == 2 ? apertura::runUntilKilled(QString::fromLocal8Bit(argv[1])) : 2;
}
