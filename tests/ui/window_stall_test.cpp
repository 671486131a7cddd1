// Typing and scrolling stay fluent while an answer of 200 lines streams: the longest gap in the UI
// thread's event loop, with another thread of the machine busy as the engine is.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include <QElapsedTimer>
#include <QTest>
#include <QTimer>

#include "tests/support/window_fixture.h"

namespace apertura::test {
namespace {

constexpr double kLongestStallMs = 50;

QString answerOf200Lines() {
    QString text;
    for (int i = 1; i <= 200; ++i) {
        text += i % 40 == 0  ? QStringLiteral("\n```c\nint line_%1 = %1;\n```\n\n").arg(i)
                : i % 5 == 0 ? QStringLiteral(
                                   "\nA paragraph, number %1, with **bold** and `code`, long "
                                   "enough to be wrapped in the reading column of the window.\n\n")
                                   .arg(i)
                             : QStringLiteral("- item %1 of a long list\n").arg(i);
    }
    return text;
}

// Keeps two threads of the machine computing.
class BusyThreads {
public:
    BusyThreads() {
        for (int i = 0; i < 2; ++i) {
            m_threads.emplace_back([this] {
                while (!m_stop.load(std::memory_order_relaxed)) {
                    m_work.fetch_add(1, std::memory_order_relaxed);
                }
            });
        }
    }
    ~BusyThreads() {
        m_stop = true;
        for (std::thread& thread : m_threads) {
            thread.join();
        }
    }

private:
    std::atomic<bool> m_stop = false;
    std::atomic<long> m_work = 0;
    std::vector<std::thread> m_threads;
};

// The processor time of this thread between two beats: what the window itself spends. Time in
// which other programs had the processor is not the window's.
double threadMilliseconds() {
    timespec now = {};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

class WindowStallTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theLongestStallWhileALongAnswerStreamsIsShort();
};

void WindowStallTest::theLongestStallWhileALongAnswerStreamsIsShort() {
    WindowFixture fixture;
    QQuickWindow* window = fixture.open(QSize(1280, 800));
    QVERIFY(window);
    fixture.service.addAnswer(answerOf200Lines());
    fixture.service.setChunk(80, 33);  // as the service coalesces: about 30 a second
    QTest::qWait(300);
    BusyThreads busy;
    std::vector<double> wall;
    std::vector<double> own;
    QElapsedTimer clock;
    double lastOwn = threadMilliseconds();
    QTimer beat;
    beat.setTimerType(Qt::PreciseTimer);
    connect(&beat, &QTimer::timeout, &beat, [&] {
        wall.push_back(static_cast<double>(clock.nsecsElapsed()) / 1e6);
        own.push_back(threadMilliseconds() - lastOwn);
        clock.restart();
        lastOwn = threadMilliseconds();
    });
    clock.start();
    beat.start(5);
    fixture.viewModel.ask(QStringLiteral("Go"));
    int turn = 0;
    while (fixture.viewModel.isAnswering()) {
        // The reader types and scrolls meanwhile.
        ++turn;
        QTest::sendKeyEvent(QTest::Click, window, Qt::Key_unknown, QStringLiteral("x"),
                            Qt::NoModifier);
        if (turn % 10 == 0) {
            QTest::keyClick(window, turn % 20 == 0 ? Qt::Key_PageDown : Qt::Key_PageUp);
        }
        QTest::qWait(40);
    }
    beat.stop();
    const double longest = *std::max_element(own.begin(), own.end());
    std::nth_element(wall.begin(), wall.begin() + static_cast<long>(wall.size() * 99 / 100),
                     wall.end());
    qInfo(
        "longest stall: %.1f ms of the UI thread; wall clock: 99 %% of %zu beats below %.1f ms, "
        "longest %.1f ms",
        longest, wall.size(), wall[wall.size() * 99 / 100],
        *std::max_element(wall.begin(), wall.end()));
    QVERIFY2(longest < kLongestStallMs, qPrintable(QString::number(longest)));
}

}  // namespace
}  // namespace apertura::test

QTEST_MAIN(apertura::test::WindowStallTest)
#include "window_stall_test.moc"
