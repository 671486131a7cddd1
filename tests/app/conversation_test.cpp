#include "app/conversation/conversation.h"

#include <nlohmann/json.hpp>

#include <QTest>

#include "app/conversation/title.h"

namespace apertura {
namespace {

std::shared_ptr<ConversationRecord> storedRecord() {
    auto record = std::make_shared<ConversationRecord>();
    record->id = 5;
    return record;
}

// A conversation built turn by turn; ids count from 1.
class Built {
public:
    Conversation conversation{storedRecord(), {}};

    qint64 add(Role role, qint64 parent, const char* text,
               MessageState state = MessageState::complete) {
        MessageRecord message;
        message.id = ++m_lastId;
        message.conversationId = 5;
        message.parentId = parent;
        message.role = role;
        message.text = QString::fromUtf8(text);
        message.state = state;
        conversation.add(message);
        return message.id;
    }
    qint64 user(qint64 parent, const char* text) { return add(Role::user, parent, text); }
    qint64 answer(qint64 parent, const char* text) { return add(Role::assistant, parent, text); }

    QStringList shown(const std::optional<AwaitedAnswer>& awaited = std::nullopt) const {
        QStringList lines;
        for (const ChatTurn& turn : conversation.turns(awaited)) {
            lines << QStringLiteral("%1 %2/%3")
                         .arg(turn.text)
                         .arg(turn.version)
                         .arg(turn.versionCount);
        }
        return lines;
    }
    QStringList prompt(qint64 question) const {
        QStringList lines;
        for (const ChatMessage& message : conversation.promptFor(question)) {
            lines << QString::fromLatin1(roleName(message.role)) + QLatin1String(": ") +
                         QString::fromStdString(message.content);
        }
        return lines;
    }

private:
    qint64 m_lastId = 0;
};

}  // namespace

class ConversationTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void versionsAreSiblingsAndTheNewestIsShown() {
        Built built;
        const qint64 question = built.user(0, "q");
        built.answer(question, "first");
        const qint64 second = built.answer(question, "second");
        QCOMPARE(built.shown(),
                 QStringList({QStringLiteral("q 1/1"), QStringLiteral("second 2/2")}));
        QCOMPARE(built.conversation.versions(second).size(), 2u);
    }

    void anEditOfTheFirstMessageIsItsSibling() {
        Built built;
        built.answer(built.user(0, "old"), "a");
        built.user(0, "new");
        QCOMPARE(built.shown(), QStringList{QStringLiteral("new 2/2")});
    }

    void latestLeafIsTheNewestMessageBelow() {
        Built built;
        const qint64 question = built.user(0, "q");
        const qint64 first = built.answer(question, "first");
        const qint64 second = built.answer(question, "second");
        const qint64 followUp = built.user(first, "more");
        const qint64 leaf = built.answer(followUp, "much more");
        QCOMPARE(built.conversation.latestLeaf(first), leaf);
        QCOMPARE(built.conversation.latestLeaf(second), second);
        QCOMPARE(built.conversation.latestLeaf(question), leaf);
    }

    void anAwaitedAnswerStandsBelowItsQuestion() {
        Built built;
        const qint64 question = built.user(0, "q");
        built.answer(question, "first");
        const QVector<ChatTurn> turns = built.conversation.turns(AwaitedAnswer{question, true});
        QCOMPARE(turns.size(), 2);
        QVERIFY(turns[1].queued);
        QCOMPARE(turns[1].version, 2);
        QCOMPARE(turns[1].versionCount, 2);
        QCOMPARE(built.conversation.turns(AwaitedAnswer{99, true}).size(), 2);
    }

    void storedMessagesComeBackWithTheirPath() {
        auto record = storedRecord();
        record->currentMessage = 2;
        std::vector<MessageRecord> messages(3);
        for (int i = 0; i < 3; ++i) {
            messages[static_cast<std::size_t>(i)].id = i + 1;
            messages[static_cast<std::size_t>(i)].parentId = i == 0 ? 0 : 1;
        }
        const Conversation conversation(record, messages);
        QCOMPARE(conversation.indexOf(2), 1);
        QCOMPARE(conversation.indexOf(3), -1);
    }

    void thePromptIsThePathWithTheSystemPromptInFront() {
        Built built;
        built.conversation.record().systemPrompt = QStringLiteral("Be short.");
        const qint64 question = built.user(0, "q");
        built.answer(question, "other version");
        const qint64 answer = built.answer(question, "a");
        const qint64 next = built.user(answer, "q2");
        QCOMPARE(built.prompt(next),
                 QStringList({QStringLiteral("system: Be short."), QStringLiteral("user: q"),
                              QStringLiteral("assistant: a"), QStringLiteral("user: q2")}));
    }

    void answersWithoutTextAreLeftOutAndQuestionsJoined() {
        Built built;
        const qint64 question = built.user(0, "q");
        const qint64 failed = built.add(Role::assistant, question, "", MessageState::failed);
        const qint64 next = built.user(failed, "again");
        QCOMPARE(built.prompt(next), QStringList{QStringLiteral("user: q\n\nagain")});
    }

    void choicesSurviveTheRecord() {
        auto record = storedRecord();
        Conversation conversation(record, {});
        AnsweringChoices choices;
        choices.sampling = SamplingOptions{};
        choices.sampling->temperature = 0.3;
        choices.sampling->topK = 40;
        choices.sampling->seed = 18446744073709551615u;
        choices.sampling->maxTokens = 100;
        choices.sampling->stop = {"\nuser:"};
        choices.sampling->logitBias = {{7, -100.0}};
        choices.sampling->banned = {3, 4};
        choices.contextPolicy = ContextPolicy::dropOldestTurns;
        conversation.setChoices(choices);
        const Conversation again(record, {});
        const SamplingOptions& read = *again.choices().sampling;
        QCOMPARE(read.temperature, 0.3);
        QCOMPARE(read.topK, 40);
        QCOMPARE(*read.seed, 18446744073709551615u);
        QCOMPARE(*read.maxTokens, 100);
        QCOMPARE(read.stop, choices.sampling->stop);
        QCOMPARE(read.logitBias, choices.sampling->logitBias);
        QCOMPARE(read.banned, choices.sampling->banned);
        QCOMPARE(again.choices().contextPolicy, ContextPolicy::dropOldestTurns);
    }

    void choicesOfANewConversationAreEmptyText() {
        QVERIFY(choicesToJson(AnsweringChoices{}).isEmpty());
        QVERIFY(!choicesFromJson(QString()).sampling);
        QVERIFY(!choicesFromJson(QStringLiteral("{\"sampling\": 3")).sampling);
    }

    void aChoiceThatIsUnknownOrWrongTakesNoOtherWithIt() {
        const AnsweringChoices choices = choicesFromJson(QStringLiteral(
            R"({"sampling": {"sparkle": 1, "temperature": 11, "top_k": "many", "top_p": 0.5}})"));
        QVERIFY(choices.sampling);
        QCOMPARE(choices.sampling->topP, 0.5);
        QCOMPARE(choices.sampling->topK, SamplingOptions{}.topK);
        QCOMPARE(choices.sampling->temperature, SamplingOptions{}.temperature);
    }

    void figuresSurviveTheirJson() {
        AnswerFigures figures;
        figures.metrics.promptTokens = 12;
        figures.metrics.decodeTokensPerSecond = 43.5;
        figures.metrics.device = "zwölf Kerne";
        figures.metrics.seed = 99;
        figures.finishReason = QStringLiteral("length");
        const std::optional<AnswerFigures> read = figuresFromJson(figuresToJson(figures));
        QVERIFY(read.has_value());
        QCOMPARE(read->metrics.promptTokens, 12);
        QCOMPARE(read->metrics.decodeTokensPerSecond, 43.5);
        QCOMPARE(read->metrics.device, std::string("zwölf Kerne"));
        QCOMPARE(read->metrics.seed, 99u);
        QCOMPARE(read->finishReason, QStringLiteral("length"));
        QVERIFY(!figuresFromJson(QStringLiteral("{")));
    }

    void provenanceNamesEverythingNeededToRunAgain() {
        Provenance provenance;
        provenance.model.name = "demo";
        provenance.model.directory = "/models/demo";
        provenance.model.contentHash = "0011";
        provenance.model.precision = "GPTQ 4-bit";
        provenance.model.backend = "reference";
        provenance.model.device = "cpu";
        provenance.sampling.seed = 5;
        provenance.promptIds = {1, 2, 3};
        provenance.appVersion = QStringLiteral("0.1.0");
        const auto json = nlohmann::json::parse(provenanceToJson(provenance).toStdString());
        QCOMPARE(json["model"]["path"].get<std::string>(), std::string("/models/demo"));
        QCOMPARE(json["model"]["content_hash"].get<std::string>(), std::string("0011"));
        QCOMPARE(json["model"]["precision"].get<std::string>(), std::string("GPTQ 4-bit"));
        QCOMPARE(json["backend"].get<std::string>(), std::string("reference"));
        QCOMPARE(json["sampling"]["temperature"].get<double>(), 1.0);
        QCOMPARE(json["seed"].get<int>(), 5);
        QCOMPARE(json["prompt_ids"].get<std::vector<int>>(), std::vector<int>({1, 2, 3}));
        QCOMPARE(json["app_version"].get<std::string>(), std::string("0.1.0"));
    }

    void titlesAreOneLineOfWholeWords_data() {
        QTest::addColumn<QString>("text");
        QTest::addColumn<QString>("title");
        QTest::newRow("short") << QStringLiteral("  Hello\n there ")
                               << QStringLiteral("Hello there");
        QTest::newRow("exactly sixty")
            << QString(60, QLatin1Char('x')) << QString(60, QLatin1Char('x'));
        QTest::newRow("one word too long")
            << QString(61, QLatin1Char('x')) << QString(59, QLatin1Char('x')) + QChar(0x2026);
        QTest::newRow("cut after a word")
            << QString(50, QLatin1Char('x')) + QStringLiteral(" yyyyyyyyyyyyyyyyyyyy")
            << QString(50, QLatin1Char('x')) + QChar(0x2026);
        QTest::newRow("a family is one character")
            << QStringLiteral("👩‍👩‍👧").repeated(60)
            << QStringLiteral("👩‍👩‍👧").repeated(60);
        QTest::newRow("blank") << QStringLiteral(" \n ") << QString();
    }
    void titlesAreOneLineOfWholeWords() {
        QFETCH(QString, text);
        QFETCH(QString, title);
        QCOMPARE(titleFrom(text), title);
    }
};

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::ConversationTest)
#include "conversation_test.moc"
