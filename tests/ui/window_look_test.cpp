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
    void figuresWithoutRoomAreUnderThePointer();

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

void WindowLookTest::figuresWithoutRoomAreUnderThePointer() {
    Readouts readouts = m_fixture->service.readouts();
    readouts.prefillTokensPerSecond = 812;
    readouts.timeToFirstTokenSeconds = 0.21;
    m_fixture->service.setReadouts(readouts);
    QQuickItem* item = m_fixture->item("writeSpeed");
    QVERIFY(item);
    QCOMPARE(item->property("details").toString(), QString());
    m_window->resize(640, 480);
    QTRY_VERIFY(item->property("details").toString().contains(QStringLiteral("812 tok/s")));
    QVERIFY(item->property("details").toString().contains(QStringLiteral("0.210 s")));
    QTest::mouseMove(m_window, item->mapToScene(item->boundingRect().center()).toPoint());
    const auto isToldToTheEye = [&] {
        for (QObject* child : item->findChildren<QObject*>()) {
            if (child->inherits("QQuickToolTip") && child->property("opened").toBool()) {
                return child->property("text").toString().contains(QStringLiteral("812 tok/s"));
            }
        }
        return false;
    };
    QTRY_VERIFY(isToldToTheEye());
}

}  // namespace
}  // namespace apertura::test

QTEST_MAIN(apertura::test::WindowLookTest)
#include "window_look_test.moc"
