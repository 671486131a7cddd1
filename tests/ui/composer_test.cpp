// The fields a person writes in, in the real Main.qml: each paragraph has its own direction, and
// what is typed is neither changed nor disturbed by that.
#include <QClipboard>
#include <QGuiApplication>
#include <QInputMethodEvent>
#include <QQuickItem>
#include <QQuickTextDocument>
#include <QTest>
#include <QTextBlock>
#include <QTextDocument>

#include "tests/support/window_fixture.h"

namespace apertura::test {
namespace {

constexpr auto kArabic = u"\u0645\u0631\u062D\u0628\u0627";  // "hello"

QString arabic() {
    return QString::fromUtf16(kArabic);
}

// A letter per paragraph of `field`: r, l, or - where none is set.
QString directionsOf(const QQuickItem* field) {
    const auto* document = field->property("textDocument").value<QQuickTextDocument*>();
    QString directions;
    for (QTextBlock block = document->textDocument()->begin(); block.isValid();
         block = block.next()) {
        switch (block.blockFormat().layoutDirection()) {
            case Qt::RightToLeft:
                directions += u'r';
                break;
            case Qt::LeftToRight:
                directions += u'l';
                break;
            case Qt::LayoutDirectionAuto:
                directions += u'-';
                break;
        }
    }
    return directions;
}

class ComposerTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void everyParagraphGoesByItsMajority_data();
    void everyParagraphGoesByItsMajority();
    void theDirectionTurnsWhileOneTypes();
    void undoTakesBackTypingAndDirectionInOneStep();
    void aPastedTextIsUndoneInOneStep();
    void aTextThatWasSetLeavesNothingToUndo();
    void aDraftFromBeforeTheWindowIsThere();
    void composingIsNotDisturbed();
    void whatIsSentIsWhatWasTyped();
    void theSystemPromptAndAnEditedMessageDoTheSame();

private:
    void type(const QString& text) {
        for (const QChar character : text) {
            QTest::sendKeyEvent(QTest::Click, m_window, Qt::Key_unknown, QString(character),
                                Qt::NoModifier);
        }
    }
    void press(int key, Qt::KeyboardModifiers modifiers = Qt::NoModifier) {
        QTest::keyClick(m_window, static_cast<Qt::Key>(key), modifiers);
    }
    int cursor() const { return m_field->property("cursorPosition").toInt(); }

    std::unique_ptr<WindowFixture> m_fixture;
    QQuickWindow* m_window = nullptr;
    QQuickItem* m_field = nullptr;
};

void ComposerTest::init() {
    m_fixture = std::make_unique<WindowFixture>();
    m_fixture->settings.setRightPanelOpen(true);
    m_window = m_fixture->open(QSize(1280, 800));
    QVERIFY2(m_window, qPrintable(m_fixture->messages().join(u'\n')));
    m_window->requestActivate();
    QVERIFY(QTest::qWaitForWindowActive(m_window));
    m_field = m_fixture->item("composerField");
    m_field->forceActiveFocus();
}

void ComposerTest::cleanup() {
    QCOMPARE(m_fixture->messages(), QStringList());
    m_fixture.reset();
}

void ComposerTest::everyParagraphGoesByItsMajority_data() {
    QTest::addColumn<QString>("text");
    QTest::addColumn<QString>("directions");
    const auto row = [](const char* name, const QString& text, const char* directions) {
        QTest::newRow(name) << text << QString::fromLatin1(directions);
    };
    row("English", QStringLiteral("Hello"), "l");
    row("a foreign word first", QStringLiteral("API ") + arabic(), "r");
    row("a foreign word last", QStringLiteral("The word ") + arabic(), "l");
    row("each for itself", arabic() + QStringLiteral("\nHello\n") + arabic(), "rlr");
    row("as many of each", QStringLiteral("Hello ") + arabic(), "l");
    row("nothing strong", QStringLiteral("123 !"), "-");
    row("nothing strong goes as the line above", arabic() + QStringLiteral("\n\n12\nHi\n"),
        "rrrll");
    row("code does not count",
        arabic() + QStringLiteral(" `aLongIdentifier` ``b`longer``: ") + arabic(), "r");
    row("an open backtick is no code", arabic() + QStringLiteral(" `aLongIdentifier"), "l");
    row("fenced code",
        QStringLiteral("%1\n```\n%1\n\n``\n```\n%1\n~~~~ x\n%1\n~~~\n%1").arg(arabic()),
        "rlllllrllll");
    row("an indented fence", QStringLiteral("   ```c\n%1\n    ```\n```\n%1").arg(arabic()),
        "llllr");
    row("backticks in a line are no fence", QStringLiteral("```x``` %1\n%1").arg(arabic()), "rr");
}

void ComposerTest::everyParagraphGoesByItsMajority() {
    QFETCH(QString, text);
    QFETCH(QString, directions);
    m_fixture->viewModel.draft()->setText(text);
    QCOMPARE(directionsOf(m_field), directions);
    m_fixture->viewModel.draft()->setText(QString());
    QCOMPARE(directionsOf(m_field), QStringLiteral("-"));
    QGuiApplication::clipboard()->setText(text);
    press(Qt::Key_V, Qt::ControlModifier);
    QCOMPARE(textOf(m_field), text);
    QCOMPARE(directionsOf(m_field), directions);
    press(Qt::Key_A, Qt::ControlModifier);
    press(Qt::Key_Delete);
    QCOMPARE(directionsOf(m_field), QStringLiteral("-"));
}

void ComposerTest::theDirectionTurnsWhileOneTypes() {
    type(QStringLiteral("API "));
    QCOMPARE(directionsOf(m_field), QStringLiteral("l"));
    const double before = m_field->property("cursorRectangle").toRectF().x();
    type(arabic());
    QCOMPARE(directionsOf(m_field), QStringLiteral("r"));
    QCOMPARE(cursor(), 9);
    // The text stands at the right now, and the cursor at its left end.
    QVERIFY(m_field->property("cursorRectangle").toRectF().x() > before + 200);
    press(Qt::Key_Return, Qt::ShiftModifier);
    QCOMPARE(directionsOf(m_field), QStringLiteral("rr"));
    type(QStringLiteral("ok"));
    QCOMPARE(directionsOf(m_field), QStringLiteral("rl"));
    QVERIFY(m_field->property("cursorRectangle").toRectF().x() < before + 200);
    press(Qt::Key_Backspace);
    press(Qt::Key_Backspace);
    press(Qt::Key_Backspace);
    press(Qt::Key_Backspace);
    press(Qt::Key_Backspace);
    press(Qt::Key_Backspace);
    QCOMPARE(directionsOf(m_field), QStringLiteral("l"));
    QCOMPARE(textOf(m_field), QStringLiteral("API ") + arabic().left(2));
    QCOMPARE(cursor(), 6);
}

void ComposerTest::undoTakesBackTypingAndDirectionInOneStep() {
    type(QStringLiteral("API ") + arabic() + QStringLiteral("."));
    QCOMPARE(directionsOf(m_field), QStringLiteral("r"));
    const QString typed = textOf(m_field);
    int steps = 0;
    while (!textOf(m_field).isEmpty()) {
        const QString before = textOf(m_field);
        press(Qt::Key_Z, Qt::ControlModifier);
        QVERIFY(textOf(m_field).size() < before.size());
        QCOMPARE(cursor(), static_cast<int>(textOf(m_field).size()));
        ++steps;
    }
    QCOMPARE(directionsOf(m_field), QStringLiteral("-"));
    QVERIFY(!m_field->property("canUndo").toBool());
    for (int i = 0; i < steps; ++i) {
        const QString before = textOf(m_field);
        press(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
        QVERIFY(textOf(m_field).size() > before.size());
    }
    QCOMPARE(textOf(m_field), typed);
    QCOMPARE(directionsOf(m_field), QStringLiteral("r"));
    QVERIFY(!m_field->property("canRedo").toBool());
    QCOMPARE(cursor(), static_cast<int>(typed.size()));
    press(Qt::Key_Z, Qt::ControlModifier);
    type(QStringLiteral("x"));
    QVERIFY(!m_field->property("canRedo").toBool());
    QVERIFY(textOf(m_field).endsWith(u'x'));
}

void ComposerTest::aPastedTextIsUndoneInOneStep() {
    type(QStringLiteral("ab"));
    QGuiApplication::clipboard()->setText(arabic() + u'\n' + arabic() + QStringLiteral("\nHello"));
    press(Qt::Key_V, Qt::ControlModifier);
    QCOMPARE(directionsOf(m_field), QStringLiteral("rrl"));
    press(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(textOf(m_field), QStringLiteral("ab"));
    QCOMPARE(directionsOf(m_field), QStringLiteral("l"));
    press(Qt::Key_Z, Qt::ControlModifier | Qt::ShiftModifier);
    QCOMPARE(directionsOf(m_field), QStringLiteral("rrl"));
    press(Qt::Key_A, Qt::ControlModifier);
    type(QStringLiteral("x"));
    QCOMPARE(directionsOf(m_field), QStringLiteral("l"));
    press(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(directionsOf(m_field), QStringLiteral("rrl"));
}

void ComposerTest::aTextThatWasSetLeavesNothingToUndo() {
    m_fixture->viewModel.draft()->setText(arabic());
    QCOMPARE(directionsOf(m_field), QStringLiteral("r"));
    QVERIFY(!m_field->property("canUndo").toBool());
    type(QStringLiteral("!"));
    press(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(textOf(m_field), arabic());
}

void ComposerTest::aDraftFromBeforeTheWindowIsThere() {
    WindowFixture fixture;
    fixture.viewModel.draft()->setText(QStringLiteral("half a thought"));
    QVERIFY(fixture.open(QSize(1280, 800)));
    QCOMPARE(textOf(fixture.item("composerField")), QStringLiteral("half a thought"));
}

void ComposerTest::composingIsNotDisturbed() {
    type(QStringLiteral("ab "));
    const auto compose = [&](const QString& preedit, const QString& commit) {
        QInputMethodEvent event(preedit, {});
        event.setCommitString(commit);
        QCoreApplication::sendEvent(m_field, &event);
    };
    for (int length = 1; length <= arabic().size(); ++length) {
        compose(arabic().left(length), QString());
        QCOMPARE(m_field->property("preeditText").toString(), arabic().left(length));
        QVERIFY(m_field->property("inputMethodComposing").toBool());
        QCOMPARE(textOf(m_field), QStringLiteral("ab "));
        QCOMPARE(directionsOf(m_field), QStringLiteral("l"));
    }
    compose(QString(), arabic());
    QVERIFY(!m_field->property("inputMethodComposing").toBool());
    QCOMPARE(textOf(m_field), QStringLiteral("ab ") + arabic());
    QCOMPARE(directionsOf(m_field), QStringLiteral("r"));
    QCOMPARE(cursor(), 8);
    press(Qt::Key_Z, Qt::ControlModifier);
    QCOMPARE(textOf(m_field), QStringLiteral("ab "));
    QCOMPARE(directionsOf(m_field), QStringLiteral("l"));
}

void ComposerTest::whatIsSentIsWhatWasTyped() {
    type(QStringLiteral("API ") + arabic());
    press(Qt::Key_Return, Qt::ShiftModifier);
    type(QStringLiteral("`x` = 1"));
    const QString text = QStringLiteral("API ") + arabic() + QStringLiteral("\n`x` = 1");
    QCOMPARE(m_fixture->viewModel.draft()->text(), text);
    press(Qt::Key_Return);
    QCOMPARE(m_fixture->service.sent(), QStringList(text));
    QCOMPARE(directionsOf(m_field), QStringLiteral("-"));
}

void ComposerTest::theSystemPromptAndAnEditedMessageDoTheSame() {
    m_fixture->service.setSystemPrompt(QStringLiteral("API ") + arabic());
    QTRY_VERIFY(m_fixture->item("systemPrompt"));
    QCOMPARE(directionsOf(m_fixture->item("systemPrompt")), QStringLiteral("r"));
    m_fixture->viewModel.draft()->beginEditing(1, QStringLiteral("API ") + arabic());
    QCOMPARE(directionsOf(m_field), QStringLiteral("r"));
}

}  // namespace
}  // namespace apertura::test

QTEST_MAIN(apertura::test::ComposerTest)
#include "composer_test.moc"
