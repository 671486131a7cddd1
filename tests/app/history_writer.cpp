// A chat program that is about to be killed: writes conversations into the history at argv[1] as
// fast as it can and says on standard output, one line each, what is committed:
// "<message id> <characters of its text> <partial|complete>".
#include <cstdio>
#include <string>
#include <unistd.h>

#include "tests/app/history_fixture.h"

namespace apertura {
namespace {

void say(qint64 id, qsizetype characters, const char* state) {
    const std::string line =
        std::to_string(id) + " " + std::to_string(characters) + " " + state + "\n";
    // In one piece: the reader sees whole lines or nothing.
    if (write(STDOUT_FILENO, line.data(), line.size()) < 0) {
        _exit(1);
    }
}

void writeForever(HistoryStore& store) {
    for (int turn = 0;; ++turn) {
        const qint64 conversation =
            addConversation(store, QStringLiteral("chat %1").arg(turn), turn);
        const QString question = QStringLiteral("question %1").arg(turn);
        const qint64 asked = addMessage(store, conversation, 0, question);
        say(asked, question.size(), "complete");
        MessageRecord answer;
        answer.conversationId = conversation;
        answer.parentId = asked;
        answer.role = Role::assistant;
        answer.state = MessageState::partial;
        answer.id = must(store.addMessage(answer));
        say(answer.id, 0, "partial");
        for (int word = 0; word < 8; ++word) {
            answer.text += QStringLiteral("слово 字 word ").repeated(20);
            must(store.updateMessage(answer));
            say(answer.id, answer.text.size(), "partial");
        }
        answer.state = MessageState::complete;
        must(store.updateMessage(answer));
        say(answer.id, answer.text.size(), "complete");
    }
}

}  // namespace
}  // namespace apertura

int main(int argc, char** argv) {
    if (argc != 2) {
        return 2;
    }
    const apertura::OpenedHistory history = apertura::openForTest(QString::fromLocal8Bit(argv[1]));
    apertura::must(history.store->markInterrupted());
    apertura::writeForever(*history.store);
}
