// The real window over the real application, engine and demonstration model, offscreen: what a
// person does on a first day and finds again on the second.
#include <memory>

#include <QQuickItem>
#include <QTest>

#include "app/conversation/local_chat_service.h"
#include "app/settings/model_library.h"
#include "app/settings/settings.h"
#include "tests/support/window_fixture.h"
#include "ui/view_models/chat_view_model.h"

namespace apertura::test {
namespace {

constexpr int kPatienceMs = 60'000;  // of a slow, busy or instrumented machine

// The parts as app/main.cpp puts them together, on a data folder that outlives them.
class Program {
public:
    explicit Program(const QString& dataFolder)
        : settings(dataFolder),
          library(QStringLiteral(APERTURA_SOURCE_DIR "/resources/demo-model"), settings),
          history([path = dataFolder + QStringLiteral("/history.sqlite")] {
              return openHistory({path, {}});
          }),
          service([] { return makeLocalEngine(); }, history, settings, {}),
          viewModel(service, settings, library) {
        window = openMainWindow(engine, viewModel, messages);
        if (window) {
            window->resize(1280, 800);
            service.start(settings.lastModel().isEmpty() ? library.preferredModel()
                                                         : settings.lastModel());
        }
    }
    ~Program() { service.shutDown(); }

    QQuickItem* item(const char* name) const { return visibleItems(window, name).value(0); }
    void type(const QString& text) const {
        item("composerField")->forceActiveFocus();
        for (const QChar character : text) {
            QTest::sendKeyEvent(QTest::Click, window, Qt::Key_unknown, QString(character),
                                Qt::NoModifier);
        }
    }
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) const {
        QTest::keyClick(window, key, modifiers);
    }
    void click(QQuickItem* target) const {
        const QPointF centre =
            target->mapToScene(QPointF(target->width() / 2, target->height() / 2));
        QTest::mouseClick(window, Qt::LeftButton, Qt::NoModifier, centre.toPoint());
    }
    ChatTurn lastTurn() const { return service.turns().value(service.turns().size() - 1); }
    bool isReady() const { return service.model().phase == ModelPhase::ready; }

    Settings settings;
    ModelLibrary library;
    HistoryThread history;
    LocalChatService service;
    ChatViewModel viewModel;
    QStringList messages;
    QQmlApplicationEngine engine;
    QQuickWindow* window = nullptr;
};

class RealWindowTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aDayInTheWindowIsThereTomorrow();

private:
    void askAndReadTheAnswer(Program& program);
    void stopALongAnswer(Program& program);
    void regenerate(Program& program);
    void switchToAnotherVariant(Program& program);
    void findEverythingAgain(const Program& program);

    QTemporaryDir m_folder;
    QStringList m_shown;  // texts of the first day's turns
    QString m_variant;    // the checkpoint in use at its end
};

void RealWindowTest::aDayInTheWindowIsThereTomorrow() {
    {
        Program program(m_folder.path());
        QVERIFY(program.window);
        QTRY_VERIFY_WITH_TIMEOUT(program.isReady(), kPatienceMs);
        for (const auto step :
             {&RealWindowTest::askAndReadTheAnswer, &RealWindowTest::stopALongAnswer,
              &RealWindowTest::regenerate, &RealWindowTest::switchToAnotherVariant}) {
            (this->*step)(program);
            if (QTest::currentTestFailed()) {
                return;
            }
        }
        for (const ChatTurn& turn : program.service.turns()) {
            m_shown.append(turn.text);
        }
        program.window->close();
        QCOMPARE(program.messages, QStringList());
    }
    const Program program(m_folder.path());
    QVERIFY(program.window);
    QTRY_VERIFY_WITH_TIMEOUT(program.isReady(), kPatienceMs);
    findEverythingAgain(program);
}

void RealWindowTest::askAndReadTheAnswer(Program& program) {
    program.service.setSampling([&] {
        SamplingOptions greedy = program.service.sampling();
        greedy.temperature = 0;
        return greedy;
    }());
    program.type(QStringLiteral("Wie heißt Portugal auf Englisch?"));
    program.press(Qt::Key_Return);
    QTRY_COMPARE_WITH_TIMEOUT(program.service.turns().size(), 2, kPatienceMs);
    QTRY_COMPARE_WITH_TIMEOUT(program.lastTurn().state, MessageState::complete, kPatienceMs);
    QCOMPARE(program.lastTurn().text, QStringLiteral("Auf Englisch heißt Portugal **Portugal**."));
    QTRY_VERIFY(textOf(program.item("footer")).contains(QStringLiteral("tok/s")));
}

void RealWindowTest::stopALongAnswer(Program& program) {
    SamplingOptions endless = program.service.sampling();
    endless.ignoreEndOfSequence = true;
    program.service.setSampling(endless);
    program.type(QStringLiteral("Nenne die Wochentage auf Rätoromanisch."));
    program.press(Qt::Key_Return);
    QTRY_VERIFY_WITH_TIMEOUT(program.lastTurn().text.contains(QStringLiteral("mardi")),
                             kPatienceMs);
    QVERIFY(program.viewModel.isAnswering());
    const qsizetype early = program.lastTurn().text.size();
    QTRY_VERIFY_WITH_TIMEOUT(program.lastTurn().text.size() > early, kPatienceMs);
    QCOMPARE(textOf(program.item("sendButton")), QStringLiteral("Stop"));
    program.click(program.item("sendButton"));
    QTRY_COMPARE_WITH_TIMEOUT(program.lastTurn().state, MessageState::stopped, kPatienceMs);
    QVERIFY(program.lastTurn().text.size() > early);
    QVERIFY(!program.viewModel.isAnswering());
}

void RealWindowTest::regenerate(Program& program) {
    const qint64 first = program.lastTurn().id;
    program.press(Qt::Key_R, Qt::ControlModifier);
    QTRY_VERIFY_WITH_TIMEOUT(program.lastTurn().id != first && !program.lastTurn().text.isEmpty(),
                             kPatienceMs);
    program.press(Qt::Key_Escape);
    QTRY_COMPARE_WITH_TIMEOUT(program.lastTurn().state, MessageState::stopped, kPatienceMs);
    QCOMPARE(program.lastTurn().versionCount, 2);
    QTRY_COMPARE(textOf(program.item("versionLabel")), QStringLiteral("2/2"));
}

void RealWindowTest::switchToAnotherVariant(Program& program) {
    program.service.resetSampling();
    const QString before = program.service.model().path;
    const QVector<QQuickItem*> rows = visibleItems(program.window, "modelRow");
    QCOMPARE(rows.size(), 3);
    program.click(rows.last());
    QTRY_VERIFY_WITH_TIMEOUT(program.isReady() && program.service.model().path != before,
                             kPatienceMs);
    m_variant = program.service.model().path;
    QCOMPARE(QString::fromStdString(program.service.model().info.precision),
             QStringLiteral("SINQ 4-bit g64"));
    program.type(QStringLiteral("Bonjour !"));
    program.press(Qt::Key_Return);
    QTRY_COMPARE_WITH_TIMEOUT(program.service.turns().size(), 6, kPatienceMs);
    QTRY_COMPARE_WITH_TIMEOUT(program.lastTurn().state, MessageState::complete, kPatienceMs);
    QVERIFY(!program.lastTurn().text.isEmpty());
}

void RealWindowTest::findEverythingAgain(const Program& program) {
    QCOMPARE(program.service.conversations().size(), 1);
    QTRY_COMPARE(program.service.turns().size(), m_shown.size());
    for (int i = 0; i < m_shown.size(); ++i) {
        QCOMPARE(program.service.turns()[i].text, m_shown[i]);
    }
    QCOMPARE(program.service.turns()[3].versionCount, 2);
    QCOMPARE(program.service.turns()[3].state, MessageState::stopped);
    QCOMPARE(program.service.model().path, m_variant);
    QCOMPARE(program.messages, QStringList());
}

}  // namespace
}  // namespace apertura::test

QTEST_MAIN(apertura::test::RealWindowTest)
#include "real_window_test.moc"
