// Text of a model, a title or a file name never makes the window ask the network or the disk for
// anything, and never hides: every request of the QML engine would pass the recorder.
#include <QNetworkAccessManager>
#include <QNetworkReply>
#include <QQmlNetworkAccessManagerFactory>
#include <QQuickTextDocument>
#include <QTest>
#include <QTextDocument>

#include "tests/support/window_fixture.h"

namespace apertura::test {
namespace {

class Recorder : public QNetworkAccessManager {
public:
    Recorder(QStringList& requests, QObject* parent)
        : QNetworkAccessManager(parent), m_requests(requests) {}

protected:
    QNetworkReply* createRequest(Operation operation, const QNetworkRequest& request,
                                 QIODevice* data) override {
        m_requests.append(request.url().toString());
        return QNetworkAccessManager::createRequest(operation, request, data);
    }

private:
    QStringList& m_requests;
};

class RecorderFactory : public QQmlNetworkAccessManagerFactory {
public:
    QNetworkAccessManager* create(QObject* parent) override {
        return new Recorder(requests, parent);
    }

    QStringList requests;
};

// Nobody listens on port 9 of this machine: even a fault asks nobody outside.
const QString kHostile = QStringLiteral(
    "<img src=\"http://127.0.0.1:9/a.png\"> ![x](http://127.0.0.1:9/b.png) "
    "<b onclick=x>bold</b> <script>x</script> <think>kept</think>\n\n"
    "| <img src='http://127.0.0.1:9/c.png'> |\n|---|\n| ![](http://127.0.0.1:9/d.png) |\n\n"
    "```html\n<img src=http://127.0.0.1:9/e.png>\n```\n\n> ![](file:///etc/hostname)");

void collectDocuments(QQuickItem* item, QString& text) {
    if (auto* document = item->property("textDocument").value<QQuickTextDocument*>()) {
        text += document->textDocument()->toPlainText() + QLatin1Char('\n');
    }
    for (QQuickItem* child : item->childItems()) {
        collectDocuments(child, text);
    }
}

class RemoteContentTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theRecorderSeesWhatAutoTextWouldFetch();
    void nothingIsFetchedAndNothingVanishes();
};

// Without this the other test could pass because nothing is recorded at all.
void RemoteContentTest::theRecorderSeesWhatAutoTextWouldFetch() {
    RecorderFactory factory;
    QQmlEngine engine;
    engine.setNetworkAccessManagerFactory(&factory);
    QQmlComponent component(&engine);
    component.setData("import QtQuick\nText { text: \"<img src='http://127.0.0.1:9/a.png'>\" }",
                      QUrl());
    const std::unique_ptr<QObject> text(component.create());
    QVERIFY(text);
    QTRY_COMPARE(factory.requests.size(), 1);
}

void RemoteContentTest::nothingIsFetchedAndNothingVanishes() {
    RecorderFactory factory;
    WindowFixture fixture;
    fixture.engine.setNetworkAccessManagerFactory(&factory);
    fixture.settings.setLeftPanelOpen(true);
    fixture.settings.setRightPanelOpen(true);
    const QString title = QStringLiteral("<img src='http://127.0.0.1:9/t.png'>");
    ModelStatus status = fixture.service.model();
    status.info.warnings = {title.toStdString()};
    status.info.backendReason = title.toStdString();
    fixture.service.setModelStatus(status);
    fixture.service.setSystemPrompt(title);
    const qint64 id = fixture.service.addConversation(title, {kHostile, kHostile}, 0);
    fixture.service.openConversation(id);
    QVERIFY(fixture.open(QSize(1280, 1600)));
    Q_EMIT fixture.service.problem(title);
    Q_EMIT fixture.service.conversationDeleted(id, title);
    fixture.viewModel.draft()->setText(title);
    fixture.service.addAnswer(kHostile);
    fixture.service.regenerate(fixture.service.turns()[1].id);
    QTRY_VERIFY(!fixture.viewModel.isAnswering());
    fixture.service.setTurnState(1, MessageState::failed, title);
    fixture.viewModel.link()->ask(QStringLiteral("http://127.0.0.1:9/l.png"));
    QTest::qWait(300);
    QStringList outside;
    for (const QString& request : factory.requests) {
        if (!request.startsWith(QLatin1String("qrc:"))) {
            outside.append(request);
        }
    }
    QCOMPARE(outside, QStringList());
    QString shown;
    collectDocuments(fixture.window()->contentItem(), shown);
    for (const char* kept : {"<img src=\"http://127.0.0.1:9/a.png\">", "<script>x</script>",
                             "<think>kept</think>", "<b onclick=x>bold</b>"}) {
        QVERIFY2(shown.count(QLatin1String(kept)) >= 2, kept);
    }
}

}  // namespace
}  // namespace apertura::test

QTEST_MAIN(apertura::test::RemoteContentTest)
#include "remote_content_test.moc"
