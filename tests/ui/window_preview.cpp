// Draws the real window over scripted conversations into a picture, for looking at it. Not shipped.
//
//   window_preview SCENE OUT.png [WIDTH HEIGHT] [dark] [rtl] [scale PERCENT]
//
// Scenes: first conversation hindi chinese hebrew long error failed loading waiting reading
// streaming full link typing
#include <cstdio>

#include <QGuiApplication>
#include <QImage>
#include <QTest>

#include "tests/support/window_fixture.h"

namespace {

using namespace apertura;

QString longAnswer() {
    QString text;
    for (int i = 1; i <= 200; ++i) {
        text += QStringLiteral("Line %1 of a long answer that goes on and on.\n\n").arg(i);
    }
    return text;
}

void setPhase(test::FakeChatService& service, ActivityPhase phase, qint64 done, qint64 total) {
    Readouts readouts = service.readouts();
    readouts.phase = phase;
    readouts.phaseStartedMs = QDateTime::currentMSecsSinceEpoch() - 7000;
    readouts.done = done;
    readouts.total = total;
    service.setReadouts(readouts);
}

void setModelPhase(test::FakeChatService& service, ModelPhase phase, const QString& error) {
    ModelStatus status = service.model();
    status.phase = phase;
    status.error = error;
    service.setModelStatus(status);
}

void lay(test::WindowFixture& fixture, const QString& scene) {
    test::FakeChatService& service = fixture.service;
    if (scene == QLatin1String("first")) {
        return;
    }
    service.addSampleConversations();
    const auto idOf = [&](int row) { return service.conversations()[row].id; };
    service.setMarks(idOf(2), false, 1, false);
    service.setMarks(idOf(3), false, 0, true);
    if (scene == QLatin1String("hindi")) {
        service.openConversation(idOf(1));
    } else if (scene == QLatin1String("chinese")) {
        service.openConversation(idOf(2));
    } else if (scene == QLatin1String("hebrew")) {
        service.openConversation(idOf(3));
    } else if (scene == QLatin1String("long")) {
        service.openConversation(service.addConversation(
            QStringLiteral("Long"), {QStringLiteral("Go on."), longAnswer()}, 0));
    } else if (scene == QLatin1String("error")) {
        setModelPhase(
            service, ModelPhase::failed,
            QStringLiteral("model.safetensors: model.norm.weight has dtype I64, but a norm "
                           "is BF16, F16 or F32."));
    } else if (scene == QLatin1String("failed")) {
        service.setTurnState(
            3, MessageState::failed,
            QStringLiteral("There is not enough memory for a context of 8,192 tokens."));
        Q_EMIT service.problem(
            QStringLiteral("The disk is full: the last message could not be saved."));
        service.deleteConversation(idOf(4));
    } else if (scene == QLatin1String("loading")) {
        setModelPhase(service, ModelPhase::loading, QString());
        setPhase(service, ActivityPhase::loading, 140, 412);
    } else if (scene == QLatin1String("waiting")) {
        setModelPhase(service, ModelPhase::loading, QString());
        setPhase(service, ActivityPhase::writing, 0, 0);
    } else if (scene == QLatin1String("reading")) {
        setPhase(service, ActivityPhase::readingPrompt, 512, 2048);
    } else if (scene == QLatin1String("streaming")) {
        service.addAnswer(service.turns().value(1).text);
        service.setChunk(220, 60);
        fixture.viewModel.regenerate(service.turns().value(3).id);
    } else if (scene == QLatin1String("full")) {
        service.setTurnState(3, MessageState::contextFull, QString());
    } else if (scene == QLatin1String("typing")) {
        service.setSystemPrompt(QStringLiteral("API: أجب بالعربية."));
        fixture.viewModel.draft()->setText(
            QStringLiteral("API: كيف أستدعي `connectToServer` من البرنامج؟\n"
                           "The word مرحبا means hello.\n```cpp\nint x = 1; // مرحبا بكم\n```\n"
                           "שלום, מה API?"));
    } else if (scene == QLatin1String("link")) {
        fixture.viewModel.link()->ask(QStringLiteral("https://www.admin.ch/a?b=c"));
    }
}

}  // namespace

int main(int argc, char** argv) {
    qputenv("QT_QPA_PLATFORM", "offscreen");
    qputenv("QT_QUICK_BACKEND", "software");
    QGuiApplication application(argc, argv);
    const QStringList arguments = application.arguments();
    if (arguments.size() < 3) {
        std::fprintf(stderr, "usage: window_preview SCENE OUT.png [WIDTH HEIGHT] [dark] [rtl]\n");
        return 2;
    }
    QSize size(1280, 800);
    if (arguments.size() > 4 && arguments[3].toInt() > 0) {
        size = QSize(arguments[3].toInt(), arguments[4].toInt());
    }
    if (arguments.contains(QStringLiteral("rtl"))) {
        QGuiApplication::setLayoutDirection(Qt::RightToLeft);
    }
    test::WindowFixture fixture;
    fixture.settings.setLeftPanelOpen(true);
    fixture.settings.setRightPanelOpen(true);
    fixture.settings.setColourScheme(
        arguments.contains(QStringLiteral("dark")) ? ColourScheme::dark : ColourScheme::light);
    if (const auto at = arguments.indexOf(QStringLiteral("scale")); at > 0) {
        fixture.settings.setTextScalePercent(arguments.value(at + 1).toInt());
    }
    lay(fixture, arguments[1]);
    QQuickWindow* window = fixture.open(size);
    for (const QString& message : fixture.messages()) {
        std::fprintf(stderr, "%s\n", qUtf8Printable(message));
    }
    if (!window) {
        return 1;
    }
    QTest::qWait(700);
    for (const QString& message : fixture.messages()) {
        std::fprintf(stderr, "%s\n", qUtf8Printable(message));
    }
    return window->grabWindow().save(arguments[2]) ? 0 : 1;
}
