// The real Main.qml, offscreen, over the scripted service: what a person does and sees.
#include <QClipboard>
#include <QGuiApplication>
#include <QInputMethodEvent>
#include <QPalette>
#include <QQuickItem>
#include <QQuickTextDocument>
#include <QSignalSpy>
#include <QTest>

#include "tests/support/window_fixture.h"

namespace apertura::test {
namespace {

class WindowTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void typingAndEnterSendsAndTheAnswerStreams();
    void numpadEnterSendsToo();
    void shiftEnterBreaksTheLine();
    void enterDoesNotSendWhileComposing();
    void stopTakesThePlaceOfSend();
    void escapeStops();
    void regeneratingShowsTwoOfTwoAndSwitches();
    void aQuestionWithoutAnAnswerOffersOne();
    void renamingKeepsTheNewTitle();
    void aDoubleClickRenames();
    void afterChoosingAChatItsQuestionCanBeTyped();
    void aCancelledModelIsNotOfferedAgain();
    void deletingCanBeUndone();
    void aFailedSendKeepsTheText();
    void aReaderWhoScrolledUpIsLeftInPeace();
    void aSystemPromptBeingTypedIsNotLost();
    void aLongConversationOpensAtItsEndAndIsFollowed();
    void anotherVersionAboveLeavesThePlace();
    void firstStartAsksAnExample();
    void aFailedModelSaysWhyAndTheWindowStaysUsable();
    void narrowWindowsHideThePanels();
    void theLeftPanelTakesTheWidthThatItIsDraggedTo();
    void shortcutsWork();
    void everyControlHasAName();
    void closingSavesAndShutsDown();
    void themeFollowsTheChoice();

private:
    // How far `list` is from its top. Its contentY alone counts from wherever the rows that it laid
    // out first happened to lie, which the order of layout decides.
    static double scrolledBy(const QQuickItem* list) {
        return list->property("contentY").toDouble() - list->property("originY").toDouble();
    }
    void type(const QString& text);
    void press(int key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
        QTest::keyClick(m_window, static_cast<Qt::Key>(key), modifiers);
    }
    void click(QQuickItem* item);
    // Until what a first frame makes is placed by a second one, however slow the machine is.
    void settle();
    QQuickItem* field() const { return m_fixture->item("composerField"); }

    std::unique_ptr<WindowFixture> m_fixture;
    QQuickWindow* m_window = nullptr;
};

void WindowTest::init() {
    m_fixture = std::make_unique<WindowFixture>();
    m_fixture->settings.setLeftPanelOpen(true);
    m_fixture->settings.setRightPanelOpen(true);
    m_window = m_fixture->open(QSize(1280, 800));
    QVERIFY2(m_window, qPrintable(m_fixture->messages().join(u'\n')));
    m_window->requestActivate();
    QVERIFY(QTest::qWaitForWindowActive(m_window));
}

void WindowTest::cleanup() {
    // A binding that fails at run time is a fault even where nothing else notices.
    QCOMPARE(m_fixture->messages(), QStringList());
    m_fixture.reset();
}

void WindowTest::type(const QString& text) {
    field()->forceActiveFocus();
    for (const QChar character : text) {
        QTest::sendKeyEvent(QTest::Click, m_window, Qt::Key_unknown, QString(character),
                            Qt::NoModifier);
    }
}

void WindowTest::click(QQuickItem* item) {
    QVERIFY(item);
    const QPointF centre = item->mapToScene(QPointF(item->width() / 2, item->height() / 2));
    QTest::mouseClick(m_window, Qt::LeftButton, Qt::NoModifier, centre.toPoint());
}

void WindowTest::settle() {
    QTest::qWait(50);
    for (int frame = 0; frame < 2; ++frame) {
        QSignalSpy drawn(m_window, &QQuickWindow::frameSwapped);
        m_window->update();
        QVERIFY(drawn.wait(20'000));
    }
}

void WindowTest::typingAndEnterSendsAndTheAnswerStreams() {
    m_fixture->service.addAnswer(
        QStringLiteral("A long enough answer to be seen growing, word by word."));
    type(QStringLiteral("Hello"));
    press(Qt::Key_Return);
    QCOMPARE(m_fixture->service.sent(), QStringList(QStringLiteral("Hello")));
    QCOMPARE(textOf(field()), QString());
    QCOMPARE(m_fixture->viewModel.messages()->count(), 2);
    QTRY_VERIFY(!m_fixture->service.turns()[1].text.isEmpty());
    QVERIFY(m_fixture->viewModel.isAnswering());
    QTRY_VERIFY(!m_fixture->viewModel.isAnswering());
    QTRY_VERIFY(m_fixture->item("footer") &&
                textOf(m_fixture->item("footer")).contains(QStringLiteral("43.1 tok/s")));
}

void WindowTest::numpadEnterSendsToo() {
    type(QStringLiteral("Hello"));
    press(Qt::Key_Enter, Qt::KeypadModifier);
    QCOMPARE(m_fixture->service.sent().size(), 1);
}

void WindowTest::shiftEnterBreaksTheLine() {
    type(QStringLiteral("one"));
    press(Qt::Key_Return, Qt::ShiftModifier);
    type(QStringLiteral("two"));
    QCOMPARE(textOf(field()), QStringLiteral("one\ntwo"));
    QVERIFY(m_fixture->service.sent().isEmpty());
    press(Qt::Key_Return);
    QCOMPARE(m_fixture->service.sent(), QStringList(QStringLiteral("one\ntwo")));
}

void WindowTest::enterDoesNotSendWhileComposing() {
    type(QStringLiteral("ni"));
    QInputMethodEvent composing(QStringLiteral("你"), {});
    QCoreApplication::sendEvent(field(), &composing);
    QVERIFY(field()->property("inputMethodComposing").toBool());
    press(Qt::Key_Return);
    QVERIFY(m_fixture->service.sent().isEmpty());
    QInputMethodEvent commit;
    commit.setCommitString(QStringLiteral("你"));
    QCoreApplication::sendEvent(field(), &commit);
    press(Qt::Key_Return);
    QCOMPARE(m_fixture->service.sent().size(), 1);
}

void WindowTest::stopTakesThePlaceOfSend() {
    m_fixture->service.addAnswer(QString(5000, u'x'));
    type(QStringLiteral("Hello"));
    QQuickItem* button = m_fixture->item("sendButton");
    const QPointF place = button->mapToScene({});
    click(button);
    QTRY_VERIFY(m_fixture->service.turns().value(1).text.size() > 10);
    QCOMPARE(textOf(button), QStringLiteral("Stop"));
    QCOMPARE(button->mapToScene({}), place);
    click(button);
    QCOMPARE(m_fixture->service.turns()[1].state, MessageState::stopped);
    QVERIFY(!m_fixture->service.turns()[1].text.isEmpty());
    QTRY_COMPARE(textOf(m_fixture->item("phase")), QStringLiteral("stopped"));
}

void WindowTest::escapeStops() {
    m_fixture->service.addAnswer(QString(5000, u'x'));
    type(QStringLiteral("Hello"));
    press(Qt::Key_Return);
    press(Qt::Key_Escape);
    QVERIFY(!m_fixture->viewModel.isAnswering());
}

void WindowTest::regeneratingShowsTwoOfTwoAndSwitches() {
    m_fixture->service.addAnswer(QStringLiteral("First."));
    m_fixture->service.addAnswer(QStringLiteral("Second."));
    type(QStringLiteral("Hello"));
    press(Qt::Key_Return);
    QTRY_VERIFY(!m_fixture->viewModel.isAnswering());
    press(Qt::Key_R, Qt::ControlModifier);
    QTRY_VERIFY(!m_fixture->viewModel.isAnswering());
    QTRY_COMPARE(textOf(m_fixture->item("versionLabel")), QStringLiteral("2/2"));
    click(m_fixture->item("previousVersion"));
    QTRY_COMPARE(textOf(m_fixture->item("versionLabel")), QStringLiteral("1/2"));
    QCOMPARE(m_fixture->service.turns()[1].text, QStringLiteral("First."));
}

void WindowTest::aQuestionWithoutAnAnswerOffersOne() {
    type(QStringLiteral("Hello"));
    press(Qt::Key_Return);
    m_fixture->service.loseAnswer();
    QTRY_VERIFY(m_fixture->item("regenerateMessage"));
    settle();  // until it is there to be clicked
    click(m_fixture->item("regenerateMessage"));
    QTRY_COMPARE(m_fixture->service.turns().size(), 2);
    QTRY_VERIFY(!m_fixture->viewModel.isAnswering());
    type(QStringLiteral("And now?"));
    press(Qt::Key_Return);
    m_fixture->service.loseAnswer();
    press(Qt::Key_R, Qt::ControlModifier);
    QTRY_COMPARE(m_fixture->service.turns().size(), 4);
}

void WindowTest::renamingKeepsTheNewTitle() {
    m_fixture->service.addSampleConversations();
    settle();
    press(Qt::Key_F2);
    settle();
    for (const QChar character : QStringLiteral("New name")) {
        QTest::sendKeyEvent(QTest::Click, m_window, Qt::Key_unknown, QString(character),
                            Qt::NoModifier);
    }
    press(Qt::Key_Return);
    QCOMPARE(m_fixture->service.conversations()[0].title, QStringLiteral("New name"));
}

void WindowTest::aDoubleClickRenames() {
    m_fixture->service.addSampleConversations();
    QTRY_VERIFY(m_fixture->items("conversationRow").size() > 2);
    settle();
    QQuickItem* row = m_fixture->items("conversationRow")[1];
    const QPoint place = row->mapToScene({40, row->height() - 10}).toPoint();
    QTest::mouseClick(m_window, Qt::LeftButton, Qt::NoModifier, place);
    QTest::mouseDClick(m_window, Qt::LeftButton, Qt::NoModifier, place);
    settle();
    for (const QChar character : QStringLiteral("New name")) {
        QTest::sendKeyEvent(QTest::Click, m_window, Qt::Key_unknown, QString(character),
                            Qt::NoModifier);
    }
    press(Qt::Key_Return);
    QCOMPARE(m_fixture->service.conversations()[1].title, QStringLiteral("New name"));
}

void WindowTest::afterChoosingAChatItsQuestionCanBeTyped() {
    m_fixture->service.addSampleConversations();
    QTRY_VERIFY(m_fixture->items("conversationRow").size() > 2);
    settle();
    click(m_fixture->items("conversationRow")[1]);
    QCOMPARE(m_fixture->service.currentConversation(), m_fixture->service.conversations()[1].id);
    QVERIFY(field()->hasActiveFocus());
    click(m_fixture->item("newChatButton"));
    QCOMPARE(m_fixture->service.currentConversation(), 0);
    QVERIFY(field()->hasActiveFocus());
}

void WindowTest::aCancelledModelIsNotOfferedAgain() {
    ModelStatus status = m_fixture->service.model();
    status.phase = ModelPhase::failed;
    status.error = QStringLiteral("config.json: hidden_size is missing.");
    m_fixture->service.setModelStatus(status);
    QTRY_COMPARE(m_fixture->items("noticeAction").size(), 1);
    m_fixture->service.setModelStatus(ModelStatus());
    QTRY_COMPARE(m_fixture->items("noticeAction").size(), 0);
    QVERIFY(!m_fixture->items("sentence").isEmpty());
}

void WindowTest::deletingCanBeUndone() {
    m_fixture->service.addSampleConversations();
    m_fixture->viewModel.conversations()->remove(m_fixture->service.currentConversation());
    QCOMPARE(m_fixture->service.conversations().size(), 5);
    QTRY_VERIFY(m_fixture->item("undoButton"));
    settle();
    click(m_fixture->item("undoButton"));
    QCOMPARE(m_fixture->service.conversations().size(), 6);
}

void WindowTest::aFailedSendKeepsTheText() {
    m_fixture->service.failNextSend(QStringLiteral("The disk is full."));
    type(QStringLiteral("precious"));
    press(Qt::Key_Return);
    QCOMPARE(textOf(field()), QStringLiteral("precious"));
    QTRY_COMPARE(textOf(m_fixture->item("sentence")), QStringLiteral("The disk is full."));
    press(Qt::Key_Return);
    QCOMPARE(m_fixture->service.sent(), QStringList(QStringLiteral("precious")));
}

void WindowTest::aReaderWhoScrolledUpIsLeftInPeace() {
    QString answer;
    for (int i = 0; i < 120; ++i) {
        answer += QStringLiteral("Line %1 of a long answer.\n\n").arg(i);
    }
    m_fixture->service.addAnswer(answer);
    m_fixture->service.setChunk(60, 10);
    type(QStringLiteral("Go"));
    press(Qt::Key_Return);
    QQuickItem* list = m_fixture->item("messageList");
    QTRY_VERIFY(scrolledBy(list) > 200);
    QTRY_VERIFY(list->property("atYEnd").toBool());
    press(Qt::Key_PageUp);
    const double place = list->property("contentY").toDouble();
    const qsizetype before = m_fixture->service.turns()[1].text.size();
    QTRY_VERIFY(m_fixture->service.turns()[1].text.size() > before + 600);
    QCOMPARE(list->property("contentY").toDouble(), place);
    QTRY_VERIFY(m_fixture->item("newTextButton"));
    click(m_fixture->item("newTextButton"));
    QTRY_VERIFY(list->property("atYEnd").toBool());
    QTRY_VERIFY(!m_fixture->viewModel.isAnswering());
    QTRY_VERIFY(list->property("atYEnd").toBool());
}

void WindowTest::aSystemPromptBeingTypedIsNotLost() {
    m_fixture->service.setSystemPrompt(QStringLiteral("Be"));
    QTRY_VERIFY(m_fixture->item("systemPrompt"));
    QQuickItem* prompt = m_fixture->item("systemPrompt");
    prompt->forceActiveFocus();
    press(Qt::Key_End);
    QTest::sendKeyEvent(QTest::Click, m_window, Qt::Key_unknown, QStringLiteral(" brief"),
                        Qt::NoModifier);
    m_fixture->service.setContextPolicy(ContextPolicy::stop);  // says that settings changed
    QCOMPARE(textOf(prompt), QStringLiteral("Be brief"));
    QCOMPARE(m_fixture->service.systemPrompt(), QStringLiteral("Be brief"));
    press(Qt::Key_A, Qt::ControlModifier);
    press(Qt::Key_Delete);
    QCOMPARE(m_fixture->service.systemPrompt(), QString());
    QVERIFY(m_fixture->item("systemPrompt"));  // it does not fold away under the cursor
}

void WindowTest::aLongConversationOpensAtItsEndAndIsFollowed() {
    QString answer;
    for (int i = 0; i < 20; ++i) {
        answer += QStringLiteral("A paragraph, then a list.\n\n- one\n- two\n\n");
    }
    QStringList turns;
    for (int i = 0; i < 100; ++i) {
        turns << QStringLiteral("A short question") << answer;
    }
    m_fixture->service.addSampleConversations();
    settle();
    m_fixture->service.openConversation(
        m_fixture->service.addConversation(QStringLiteral("Long"), turns, 0));
    QQuickItem* list = m_fixture->item("messageList");
    QTRY_VERIFY(scrolledBy(list) > 1000);
    QTRY_VERIFY(list->property("atYEnd").toBool());
    QTest::qWait(100);
    QVERIFY(list->property("atYEnd").toBool());
    // Rows of any height are made for what is seen, not for all.
    QVERIFY(list->property("contentItem").value<QQuickItem*>()->childItems().size() < 20);
    m_fixture->service.addAnswer(answer);
    m_fixture->service.setChunk(50, 10);
    type(QStringLiteral("More"));
    press(Qt::Key_Return);
    QTRY_VERIFY(!m_fixture->viewModel.isAnswering());
    QTRY_VERIFY(list->property("atYEnd").toBool());
    press(Qt::Key_PageUp);
    QTest::qWait(100);
    QVERIFY(!list->property("atYEnd").toBool());
}

void WindowTest::anotherVersionAboveLeavesThePlace() {
    QStringList turns;
    for (int i = 0; i < 30; ++i) {
        turns << QStringLiteral("Turn %1").arg(i);
    }
    m_fixture->service.openConversation(
        m_fixture->service.addConversation(QStringLiteral("Long"), turns, 0));
    QQuickItem* list = m_fixture->item("messageList");
    QTRY_VERIFY(list->property("atYEnd").toBool());
    QTRY_VERIFY(scrolledBy(list) > 200);
    press(Qt::Key_PageUp);
    press(Qt::Key_PageUp);
    settle();
    QVERIFY(!list->property("atYEnd").toBool());
    const auto rowAt = [&](double y) {
        QQuickItem* row = nullptr;
        QMetaObject::invokeMethod(list, "itemAt", Q_RETURN_ARG(QQuickItem*, row),
                                  Q_ARG(double, list->width() / 2),
                                  Q_ARG(double, list->property("contentY").toDouble() + y));
        return row;
    };
    const QPointer<QQuickItem> row = rowAt(30);
    QVERIFY(row);
    const double place = row->mapToItem(list, {}).y();
    const int below = row->property("messageId").toInt() + 3;
    for (int i = 0; i < m_fixture->service.turns().size(); ++i) {
        if (m_fixture->service.turns()[i].id == below) {
            m_fixture->service.addVersion(i, QStringLiteral("Another text"));
            break;
        }
    }
    settle();
    QVERIFY(row);
    QCOMPARE(row->mapToItem(list, {}).y(), place);
    type(QStringLiteral("New question"));
    press(Qt::Key_Return);
    QTRY_VERIFY(list->property("atYEnd").toBool());
}

void WindowTest::firstStartAsksAnExample() {
    QVERIFY(textOf(m_fixture->item("whatAnswers")).contains(QStringLiteral("not Apertus-8B")));
    const auto examples = m_fixture->items("example");
    QCOMPARE(examples.size(), 3);
    QVERIFY(m_fixture->item("addFolder"));
    click(examples[1]);
    QCOMPARE(m_fixture->service.sent(), QStringList(textOf(examples[1])));
}

void WindowTest::aFailedModelSaysWhyAndTheWindowStaysUsable() {
    ModelStatus status = m_fixture->service.model();
    status.phase = ModelPhase::failed;
    status.error = QStringLiteral("config.json: hidden_size is missing.");
    m_fixture->service.setModelStatus(status);
    QTRY_COMPARE(textOf(m_fixture->item("sentence")), status.error);
    type(QStringLiteral("still here"));
    press(Qt::Key_Return);
    QCOMPARE(textOf(field()), QStringLiteral("still here"));
    settle();
    click(m_fixture->items("modelRow").value(0));
    QCOMPARE(m_fixture->service.loads().size(), 1);
    press(Qt::Key_Return);
    QTRY_COMPARE(m_fixture->service.sent(), QStringList(QStringLiteral("still here")));
}

void WindowTest::narrowWindowsHideThePanels() {
    QVERIFY(m_fixture->item("leftPanel") && m_fixture->item("rightPanel"));
    m_window->resize(900, 600);
    QTRY_VERIFY(m_fixture->item("leftPanel") && !m_fixture->item("rightPanel"));
    m_window->resize(640, 480);
    QTRY_VERIFY(!m_fixture->item("leftPanel"));
    QVERIFY(field()->width() > 300);
}

void WindowTest::theLeftPanelTakesTheWidthThatItIsDraggedTo() {
    QQuickItem* panel = m_fixture->item("leftPanel");
    QQuickItem* edge = m_fixture->item("leftPanelEdge");
    QVERIFY(panel && edge);
    QCOMPARE(panel->width(), 260.0);
    const auto drag = [&](int by) {
        const QPoint from = edge->mapToScene(edge->boundingRect().center()).toPoint();
        QTest::mousePress(m_window, Qt::LeftButton, Qt::NoModifier, from);
        QTest::mouseMove(m_window, from + QPoint(by / 2, 0));
        QTest::mouseMove(m_window, from + QPoint(by, 0));
        QTest::mouseRelease(m_window, Qt::LeftButton, Qt::NoModifier, from + QPoint(by, 0));
    };
    drag(60);
    QTRY_COMPARE(panel->width(), 320.0);
    QCOMPARE(m_fixture->settings.leftPanelWidth(), 320);
    drag(300);
    QTRY_COMPARE(panel->width(), 400.0);
    drag(-390);
    QTRY_COMPARE(panel->width(), 200.0);
    QTest::mouseDClick(m_window, Qt::LeftButton, Qt::NoModifier,
                       edge->mapToScene(edge->boundingRect().center()).toPoint());
    QTRY_COMPARE(panel->width(), 260.0);
}

void WindowTest::shortcutsWork() {
    m_fixture->service.addSampleConversations();
    press(Qt::Key_N, Qt::ControlModifier);
    QCOMPARE(m_fixture->service.currentConversation(), 0);
    press(Qt::Key_PageDown, Qt::ControlModifier);
    QCOMPARE(m_fixture->service.currentConversation(), m_fixture->service.conversations()[0].id);
    press(Qt::Key_B, Qt::ControlModifier);
    QVERIFY(!m_fixture->settings.leftPanelOpen());
    press(Qt::Key_C, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(QGuiApplication::clipboard()->text(), m_fixture->service.turns().last().text);
    press(Qt::Key_Equal, Qt::ControlModifier);
    QCOMPARE(m_fixture->settings.textScalePercent(), 110);
    press(Qt::Key_0, Qt::ControlModifier);
    QCOMPARE(m_fixture->settings.textScalePercent(), 100);
}

void WindowTest::everyControlHasAName() {
    m_fixture->service.addSampleConversations();
    settle();
    QVector<QQuickItem*> open = {m_window->contentItem()};
    while (!open.isEmpty()) {
        QQuickItem* item = open.takeLast();
        open += item->childItems();
        if (item->isVisible() && item->inherits("QQuickAbstractButton") && item->isEnabled()) {
            QVERIFY2(!textOf(item).isEmpty(), qPrintable(item->metaObject()->className() +
                                                         QString(u' ') + item->objectName()));
        }
    }
}

void WindowTest::closingSavesAndShutsDown() {
    m_window->close();
    QVERIFY(m_fixture->service.isShutDown());
    QCOMPARE(m_fixture->settings.windowGeometry().size(), QSize(1280, 800));
}

void WindowTest::themeFollowsTheChoice() {
    m_fixture->viewModel.theme()->setScheme(ThemeState::Dark);
    QTRY_COMPARE(m_window->color(), QColor(QStringLiteral("#161614")));
    m_fixture->viewModel.theme()->setScheme(ThemeState::Light);
    QTRY_COMPARE(m_window->color(), QColor(QStringLiteral("#FBFBFA")));
    m_fixture->viewModel.theme()->setScheme(ThemeState::System);
    const QPalette usual = QGuiApplication::palette();
    QGuiApplication::setPalette(QPalette(Qt::white, Qt::black));
    QTRY_COMPARE(m_window->color(), QColor(QStringLiteral("#161614")));
    QGuiApplication::setPalette(usual);
    QTRY_COMPARE(m_window->color(), QColor(QStringLiteral("#FBFBFA")));
}

}  // namespace
}  // namespace apertura::test

QTEST_MAIN(apertura::test::WindowTest)
#include "window_test.moc"
