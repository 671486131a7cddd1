// How the real Main.qml looks where the desktop or the room that there is says so.
#include <QQmlComponent>
#include <QQuickItem>
#include <QTest>

#include "tests/support/window_fixture.h"

namespace apertura::test {
namespace {

class WindowLookTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void nothingMovesWithReducedMotion();

private:
    int motion() {
        QQmlComponent component(&m_fixture->engine);
        component.setData(
            "import Apertura\nimport QtQml\nQtObject { property int motion: Theme.motion }",
            QUrl());
        const std::unique_ptr<QObject> object(component.create());
        return object ? object->property("motion").toInt() : -1;
    }

    std::unique_ptr<WindowFixture> m_fixture;
    QQuickWindow* m_window = nullptr;
};

void WindowLookTest::init() {
    m_fixture = std::make_unique<WindowFixture>();
    m_window = m_fixture->open(QSize(1280, 800));
    QVERIFY2(m_window, qPrintable(m_fixture->messages().join(u'\n')));
    m_window->requestActivate();
    QVERIFY(QTest::qWaitForWindowActive(m_window));
}

void WindowLookTest::cleanup() {
    QCOMPARE(m_fixture->messages(), QStringList());
    m_fixture.reset();
}

void WindowLookTest::nothingMovesWithReducedMotion() {
    QCOMPARE(motion(), 120);
    m_fixture->viewModel.theme()->setReducedMotion(true);
    QCOMPARE(motion(), 0);
    m_fixture->viewModel.theme()->setReducedMotion(false);
    QCOMPARE(motion(), 120);
}

}  // namespace
}  // namespace apertura::test

QTEST_MAIN(apertura::test::WindowLookTest)
#include "window_look_test.moc"
