// The view models over the scripted service, each list under QAbstractItemModelTester.
#include <QAbstractItemModelTester>
#include <QDir>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/settings/model_library.h"
#include "app/settings/settings.h"
#include "tests/support/fake_chat_service.h"
#include "ui/view_models/chat_view_model.h"
#include "ui/view_models/number_text.h"
#include "ui/view_models/table_cell_model.h"
#include "ui/view_models/turn_text.h"

namespace apertura {
namespace {

struct Stage {
    Stage() { service.addSampleConversations(); }

    test::FakeChatService service;
    QTemporaryDir folder;
    Settings settings{folder.path()};
    ModelLibrary library{QStringLiteral(APERTURA_SOURCE_DIR "/resources/demo-model"), settings};
    ChatViewModel viewModel{service, settings, library};
    QAbstractItemModelTester messages{viewModel.messages(),
                                      QAbstractItemModelTester::FailureReportingMode::QtTest};
    QAbstractItemModelTester conversations{viewModel.conversations(),
                                           QAbstractItemModelTester::FailureReportingMode::QtTest};
    QAbstractItemModelTester models{viewModel.models(),
                                    QAbstractItemModelTester::FailureReportingMode::QtTest};
    QAbstractItemModelTester parameters{viewModel.sampling()->parameters(),
                                        QAbstractItemModelTester::FailureReportingMode::QtTest};
};

QVariant valueAt(const QAbstractItemModel& model, int row, int role) {
    return model.data(model.index(row, 0), role);
}

class ViewModelsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void streamingChangesOneRowOnly();
    void regeneratingKeepsTheRowsAbove();
    void conversationsKeepTheirRowsThroughRefreshes();
    void conversationsHaveDaySections();
    void searchFindsTitlesOfAnyCase();
    void deletionCanBeUndone();
    void theModelInForceIsNotLoadedAgain();
    void aRepositoryOfAHubCacheLoadsItsSnapshot();
    void namesOfModelsReadInTheirOwnDirection();
    void draftsStayWithTheirConversation();
    void whatIsTypedWhileANewChatIsStoredStays();
    void anEditSurvivesALookAtAnotherChat();
    void aFailedSendGivesTheTextBack();
    void editingGivesTheDraftBack();
    void samplingShowsRecommendedBesideTheValueInForce();
    void typedNumbersAreKeptToTheDigit();
    void theSeedLocksToTheLastAnswer();
    void theSeedOfAnAnswerShowsWhenItHasEnded();
    void nothingIsSaidOfSamplingThatHasNotChanged();
    void tablesTellTheirCells();
    void statusChangesAtMostFourTimesASecond();
    void cancellingStopsWhatRunsWhicheverChatIsOpen();
    void aLoadThatWaitsIsSaidAndCancelled();
    void theMemoryOfAGpuIsSharedOutWhole();
    void preparingIsCountedAndCanBeCancelled();
    void figuresHaveThreeDigits_data();
    void figuresHaveThreeDigits();
    void unknownFiguresAreADash();
};

void ViewModelsTest::streamingChangesOneRowOnly() {
    Stage stage;
    QSignalSpy inserted(stage.viewModel.messages(), &QAbstractItemModel::rowsInserted);
    stage.service.addAnswer(
        QStringLiteral("One.\n\n- two\n- three\n\n```c\nint x;\n```\n\n| a |\n|---|\n| b |"));
    stage.service.send(QStringLiteral("Go"));
    const int last = stage.viewModel.messages()->rowCount() - 1;
    auto* blocks =
        valueAt(*stage.viewModel.messages(), last, MessageModel::BlocksRole).value<BlockModel*>();
    QAbstractItemModelTester blockTester(blocks,
                                         QAbstractItemModelTester::FailureReportingMode::QtTest);
    QSignalSpy changed(stage.viewModel.messages(), &QAbstractItemModel::dataChanged);
    QTRY_VERIFY(!stage.viewModel.isAnswering());
    QCOMPARE(inserted.size(), 2);
    for (const QList<QVariant>& each : changed) {
        QCOMPARE(each[0].value<QModelIndex>().row(), last);
    }
    QCOMPARE(blocks->rowCount(), 3);  // text, code, table
}

void ViewModelsTest::regeneratingKeepsTheRowsAbove() {
    Stage stage;
    QSignalSpy removed(stage.viewModel.messages(), &QAbstractItemModel::rowsRemoved);
    stage.viewModel.regenerateLast();
    QTRY_VERIFY(!stage.viewModel.isAnswering());
    QCOMPARE(removed.size(), 1);
    QCOMPARE(removed[0][1].toInt(), 3);
    QCOMPARE(valueAt(*stage.viewModel.messages(), 3, MessageModel::VersionRole).toInt(), 2);
    QCOMPARE(valueAt(*stage.viewModel.messages(), 3, MessageModel::VersionCountRole).toInt(), 2);
}

void ViewModelsTest::conversationsKeepTheirRowsThroughRefreshes() {
    Stage stage;
    QSignalSpy reset(stage.viewModel.conversations(), &QAbstractItemModel::modelReset);
    const qint64 third =
        valueAt(*stage.viewModel.conversations(), 2, ConversationListModel::IdRole).toLongLong();
    stage.service.openConversation(third);
    stage.service.send(QStringLiteral("Newest now"));
    QCOMPARE(
        valueAt(*stage.viewModel.conversations(), 0, ConversationListModel::IdRole).toLongLong(),
        third);
    QVERIFY(valueAt(*stage.viewModel.conversations(), 0, ConversationListModel::AnsweringRole)
                .toBool());
    stage.viewModel.conversations()->rename(third, QStringLiteral("  New   name "));
    QCOMPARE(
        valueAt(*stage.viewModel.conversations(), 0, ConversationListModel::TitleRole).toString(),
        QStringLiteral("New name"));
    QCOMPARE(reset.size(), 0);
}

void ViewModelsTest::conversationsHaveDaySections() {
    const QDate today(2026, 11, 24);
    QCOMPARE(daySection(today, today), QStringLiteral("Today"));
    QCOMPARE(daySection(today.addDays(-1), today), QStringLiteral("Yesterday"));
    QCOMPARE(daySection(today.addDays(-7), today), QStringLiteral("Last 7 days"));
    QCOMPARE(daySection(today.addDays(-30), today), QStringLiteral("Last 30 days"));
    QVERIFY(daySection(today.addDays(-31), today).contains(QStringLiteral("2026")));
}

void ViewModelsTest::searchFindsTitlesOfAnyCase() {
    Stage stage;
    stage.viewModel.conversations()->setFilter(QStringLiteral("RÄTOROMANISCH"));
    QCOMPARE(stage.viewModel.conversations()->rowCount(), 1);
    stage.viewModel.conversations()->setFilter(QString());
    QCOMPARE(stage.viewModel.conversations()->rowCount(), 6);
}

void ViewModelsTest::deletionCanBeUndone() {
    Stage stage;
    const qint64 first = stage.service.currentConversation();
    stage.viewModel.conversations()->remove(first);
    QVERIFY(stage.viewModel.deletionUndo()->isOffered());
    QCOMPARE(stage.viewModel.conversations()->rowCount(), 5);
    stage.viewModel.deletionUndo()->undo();
    QVERIFY(!stage.viewModel.deletionUndo()->isOffered());
    QCOMPARE(stage.viewModel.conversations()->rowCount(), 6);
}

void ViewModelsTest::theModelInForceIsNotLoadedAgain() {
    Stage stage;
    ModelListModel& models = *stage.viewModel.models();
    models.load(stage.service.model().path);
    QVERIFY(stage.service.loads().isEmpty());
    models.load(QStringLiteral("/models/other"));
    QCOMPARE(stage.service.loads(), QStringList(QStringLiteral("/models/other")));
    ModelStatus failed = stage.service.model();
    failed.phase = ModelPhase::failed;
    stage.service.setModelStatus(failed);
    models.load(failed.path);
    QCOMPARE(stage.service.loads().size(), 2);
}

void ViewModelsTest::aRepositoryOfAHubCacheLoadsItsSnapshot() {
    Stage stage;
    const QString repository = stage.folder.filePath(QStringLiteral("models--swiss-ai--Apertus"));
    const QString snapshot = repository + QStringLiteral("/snapshots/0123abcd");
    QVERIFY(QDir().mkpath(snapshot));
    const QDir demo(QStringLiteral(APERTURA_SOURCE_DIR "/resources/demo-model/bf16"));
    for (const QString& file : demo.entryList(QDir::Files)) {
        QVERIFY(QFile::copy(demo.filePath(file), snapshot + u'/' + file));
    }
    stage.viewModel.models()->addFolder(QUrl::fromLocalFile(repository));
    QCOMPARE(stage.viewModel.models()->addProblem(), QString());
    QCOMPARE(stage.service.loads(), QStringList(snapshot));
}

// A name that begins in another direction must not turn the line that it stands in.
void ViewModelsTest::namesOfModelsReadInTheirOwnDirection() {
    Stage stage;
    const QString name = QStringLiteral("\u0646\u0645\u0648\u0630\u062C");  // "model"
    const QString folder = stage.folder.filePath(name);
    QVERIFY(QDir().mkpath(folder));
    for (const QFileInfo& file : QDir(stage.library.entries()[0].path).entryInfoList(QDir::Files)) {
        QVERIFY(QFile::link(file.canonicalFilePath(), folder + u'/' + file.fileName()));
    }
    stage.viewModel.models()->addFolder(QUrl::fromLocalFile(folder));
    const ModelListModel& models = *stage.viewModel.models();
    QCOMPARE(models.addProblem(), QString());
    QCOMPARE(models.currentName(), u'\u2067' + name + u'\u2069');
    QVERIFY(models.currentLabel().startsWith(models.currentName() + QStringLiteral(" · ")));
    const int row = models.rowCount() - 1;
    QCOMPARE(valueAt(models, row, ModelListModel::NameRole).toString(), name);
    QCOMPARE(valueAt(models, row, ModelListModel::DisplayNameRole).toString(), u'\u200F' + name);
    ChatTurn turn;
    turn.modelName = name;
    QCOMPARE(footerText(turn), u'\u2067' + name + u'\u2069');
}

void ViewModelsTest::draftsStayWithTheirConversation() {
    Stage stage;
    const qint64 first = stage.service.currentConversation();
    stage.viewModel.draft()->setText(QStringLiteral("half a thought"));
    stage.viewModel.openNeighbour(1);
    QCOMPARE(stage.viewModel.draft()->text(), QString());
    stage.viewModel.conversations()->open(first);
    QCOMPARE(stage.viewModel.draft()->text(), QStringLiteral("half a thought"));
}

void ViewModelsTest::whatIsTypedWhileANewChatIsStoredStays() {
    Stage stage;
    stage.viewModel.newConversation();
    stage.viewModel.draft()->setText(QStringLiteral("and then"));
    // As after a slow write of the question before.
    stage.viewModel.ask(QStringLiteral("first"));
    QVERIFY(stage.service.currentConversation() != 0);
    QCOMPARE(stage.viewModel.draft()->text(), QStringLiteral("and then"));
    stage.viewModel.newConversation();
    QCOMPARE(stage.viewModel.draft()->text(), QString());
}

void ViewModelsTest::anEditSurvivesALookAtAnotherChat() {
    Stage stage;
    Draft& draft = *stage.viewModel.draft();
    const qint64 first = stage.service.currentConversation();
    const ChatTurn question = stage.service.turns()[0];
    draft.setText(QStringLiteral("next question"));
    draft.beginEditing(question.id, question.text);
    draft.setText(QStringLiteral("better words"));
    stage.viewModel.openNeighbour(1);
    QVERIFY(!draft.isEditing());
    QCOMPARE(draft.text(), QString());
    stage.viewModel.conversations()->open(first);
    QVERIFY(draft.isEditing());
    QCOMPARE(draft.text(), QStringLiteral("better words"));
    draft.send();
    QCOMPARE(stage.service.turns()[0].text, QStringLiteral("better words"));
    QCOMPARE(draft.text(), QStringLiteral("next question"));
}

void ViewModelsTest::aFailedSendGivesTheTextBack() {
    Stage stage;
    stage.service.failNextSend(QStringLiteral("The disk is full."));
    stage.viewModel.draft()->setText(QStringLiteral("precious"));
    stage.viewModel.draft()->send();
    QCOMPARE(stage.viewModel.draft()->text(), QStringLiteral("precious"));
    QCOMPARE(stage.viewModel.problem(), QStringLiteral("The disk is full."));
    QVERIFY(stage.service.sent().isEmpty());
}

void ViewModelsTest::editingGivesTheDraftBack() {
    Stage stage;
    stage.viewModel.draft()->setText(QStringLiteral("a draft"));
    const ChatTurn question = stage.service.turns()[2];
    stage.viewModel.draft()->beginEditing(question.id, question.text);
    stage.viewModel.draft()->setText(QStringLiteral("a better question"));
    stage.viewModel.draft()->send();
    QCOMPARE(stage.viewModel.draft()->text(), QStringLiteral("a draft"));
    QCOMPARE(stage.service.turns()[2].text, QStringLiteral("a better question"));
    QCOMPARE(stage.service.turns()[2].versionCount, 2);
}

void ViewModelsTest::samplingShowsRecommendedBesideTheValueInForce() {
    Stage stage;
    SamplingParameterModel& parameters = *stage.viewModel.sampling()->parameters();
    QCOMPARE(valueAt(parameters, 0, SamplingParameterModel::ValueRole).toDouble(), 0.8);
    QVERIFY(!valueAt(parameters, 0, SamplingParameterModel::CustomRole).toBool());
    parameters.setText(0, QStringLiteral("0.35"));
    QCOMPARE(stage.service.sampling().temperature, 0.35);
    QVERIFY(valueAt(parameters, 0, SamplingParameterModel::CustomRole).toBool());
    QCOMPARE(valueAt(parameters, 0, SamplingParameterModel::RecommendedTextRole).toString(),
             QStringLiteral("0.8"));
    parameters.setText(0, QStringLiteral("nonsense"));
    QCOMPARE(stage.service.sampling().temperature, 0.35);
    parameters.setValue(0, 99);
    QCOMPARE(stage.service.sampling().temperature, 2.0);
    stage.viewModel.sampling()->reset();
    QVERIFY(!stage.viewModel.sampling()->isCustom());
}

void ViewModelsTest::typedNumbersAreKeptToTheDigit() {
    Stage stage;
    SamplingParameterModel& parameters = *stage.viewModel.sampling()->parameters();
    constexpr int kTemperature = 0;
    constexpr int kTopK = 1;
    constexpr int kTopP = 2;
    parameters.setText(kTemperature, QStringLiteral("0.72"));
    QCOMPARE(stage.service.sampling().temperature, 0.72);
    parameters.setValue(kTemperature, 0.7249);
    QCOMPARE(stage.service.sampling().temperature, 0.7);
    parameters.setText(kTopK, QStringLiteral("40.6"));
    QCOMPARE(stage.service.sampling().topK, 41);
    parameters.setText(kTemperature, QStringLiteral("nan"));
    QCOMPARE(stage.service.sampling().temperature, 0.7);
    ModelStatus model = stage.service.model();
    model.info.recommendedSampling.topP = 0.925;
    stage.service.setModelStatus(model);
    parameters.resetValue(kTopP);
    QCOMPARE(stage.service.sampling().topP, 0.925);
    QVERIFY(!valueAt(parameters, kTopP, SamplingParameterModel::CustomRole).toBool());

    const QLocale before;
    QLocale::setDefault(QLocale(QLocale::German));
    parameters.setText(kTemperature, QStringLiteral("0,65"));
    const double withComma = stage.service.sampling().temperature;
    parameters.setText(kTemperature, QStringLiteral("0.35"));
    const double withPoint = stage.service.sampling().temperature;
    QLocale::setDefault(before);
    QCOMPARE(withComma, 0.65);
    QCOMPARE(withPoint, 0.35);
}

void ViewModelsTest::theSeedLocksToTheLastAnswer() {
    Stage stage;
    SamplingViewModel& sampling = *stage.viewModel.sampling();
    sampling.setSeedLocked(true);
    QCOMPARE(stage.service.sampling().seed.value(), 1234567u);
    sampling.setSeed(QStringLiteral("42"));
    QCOMPARE(stage.service.sampling().seed.value(), 42u);
    sampling.setSeedLocked(false);
    QVERIFY(!stage.service.sampling().seed.has_value());
    sampling.setStopStrings(QStringLiteral("END\n\\nuser:"));
    QCOMPARE(stage.service.sampling().stop, (std::vector<std::string>{"END", "\nuser:"}));
}

void ViewModelsTest::theSeedOfAnAnswerShowsWhenItHasEnded() {
    Stage stage;
    stage.viewModel.newConversation();
    QSignalSpy changed(stage.viewModel.sampling(), &SamplingViewModel::changed);
    stage.viewModel.ask(QStringLiteral("Hello"));
    QTRY_COMPARE(stage.viewModel.sampling()->seed(), QStringLiteral("1234567"));
    QTRY_COMPARE(changed.size(), 1);
}

void ViewModelsTest::nothingIsSaidOfSamplingThatHasNotChanged() {
    Stage stage;
    QSignalSpy changed(stage.viewModel.sampling(), &SamplingViewModel::changed);
    stage.service.setModelStatus(stage.service.model());  // as with every step of loading
    stage.viewModel.setSystemPrompt(QStringLiteral("Be brief."));
    QCOMPARE(changed.size(), 0);
    stage.viewModel.sampling()->setStopStrings(QStringLiteral("END"));
    QCOMPARE(changed.size(), 1);
}

void ViewModelsTest::tablesTellTheirCells() {
    TableCellModel cells;
    QAbstractItemModelTester tester(&cells, QAbstractItemModelTester::FailureReportingMode::QtTest);
    for (const char* text :
         {"| a |\n|---|", "| a |\n|---|\n| b |", "| x | y |\n|---|---|\n| b |", "| a |\n|---|"}) {
        cells.setTable(markdownBlocks(QString::fromLatin1(text))[0].table);
    }
    QCOMPARE(cells.rowCount(), 1);
}

void ViewModelsTest::statusChangesAtMostFourTimesASecond() {
    Stage stage;
    QSignalSpy changed(stage.viewModel.status(), &StatusViewModel::changed);
    QElapsedTimer time;
    time.start();
    Readouts readouts = stage.service.readouts();
    while (time.elapsed() < 1000) {
        readouts.contextUsed += 1;
        stage.service.setReadouts(readouts);
        QTest::qWait(5);
    }
    QTest::qWait(300);
    QVERIFY2(changed.size() <= time.elapsed() / 250 + 1,
             qPrintable(QString::number(changed.size())));
    QCOMPARE(stage.viewModel.status()->context(),
             countText(readouts.contextUsed) + QStringLiteral(" / 8,192"));
}

void ViewModelsTest::cancellingStopsWhatRunsWhicheverChatIsOpen() {
    Stage stage;
    stage.service.addAnswer(QString(5000, u'x'));
    stage.viewModel.ask(QStringLiteral("A long one"));
    QVERIFY(stage.service.isStreaming());
    stage.viewModel.newConversation();
    stage.viewModel.status()->cancel();
    QVERIFY(!stage.service.isStreaming());
}

void ViewModelsTest::aLoadThatWaitsIsSaidAndCancelled() {
    Stage stage;
    StatusViewModel& status = *stage.viewModel.status();
    stage.service.addAnswer(QString(5000, u'x'));
    stage.viewModel.ask(QStringLiteral("A long one"));
    QTRY_VERIFY(status.phase().startsWith(QStringLiteral("writing")));
    QVERIFY(!status.isLoadWaiting());
    ModelStatus model = stage.service.model();
    model.phase = ModelPhase::loading;
    stage.service.setModelStatus(model);
    QTRY_VERIFY(status.phase().endsWith(QStringLiteral(", then loading")));
    QVERIFY(status.isLoadWaiting());
    QVERIFY(status.isCancellable());
    status.cancel();
    QVERIFY(stage.service.isStreaming());
    QCOMPARE(stage.service.model().phase, ModelPhase::none);
}

void ViewModelsTest::theMemoryOfAGpuIsSharedOutWhole() {
    Stage stage;
    Readouts readouts;
    readouts.deviceIsGpu = true;
    readouts.weightBytes = 2'000'000'000;
    readouts.kvBytes = 1'000'000'000;
    readouts.deviceMemoryOwnBytes = 4'000'000'000;
    readouts.deviceMemoryUsedBytes = 5'000'000'000;
    readouts.deviceMemoryTotalBytes = 10'000'000'000;
    stage.service.setReadouts(readouts);
    const StatusViewModel& status = *stage.viewModel.status();
    QTRY_COMPARE(status.memoryName(), QStringLiteral("VRAM"));
    QCOMPARE(status.memory(), QStringLiteral("4.66\u00A0GiB / 9.31\u00A0GiB"));
    QCOMPARE(status.weightShare(), 0.2);
    QCOMPARE(status.kvShare(), 0.1);
    QCOMPARE(status.scratchShare(), 0.1);
    QCOMPARE(status.otherShare(), 0.1);
    QVERIFY(status.memoryLegend().contains(QStringLiteral("Apertura: 3.73\u00A0GiB")));
}

void ViewModelsTest::preparingIsCountedAndCanBeCancelled() {
    Stage stage;
    Readouts readouts;
    readouts.phase = ActivityPhase::preparing;
    readouts.done = 1;
    readouts.total = 4;
    stage.service.setReadouts(readouts);
    const StatusViewModel& status = *stage.viewModel.status();
    QTRY_COMPARE(status.phase(), QStringLiteral("preparing 25 %"));
    QCOMPARE(status.progress(), 0.25);
    QVERIFY(status.isCancellable());
}

void ViewModelsTest::figuresHaveThreeDigits_data() {
    QTest::addColumn<double>("value");
    QTest::addColumn<QString>("text");
    QTest::newRow("hundreds") << 812.4 << QStringLiteral("812");
    QTest::newRow("tens") << 43.12 << QStringLiteral("43.1");
    QTest::newRow("rounding up a digit") << 99.96 << QStringLiteral("100");
    QTest::newRow("below one") << 0.2134 << QStringLiteral("0.213");
    QTest::newRow("thousands") << 12345.0 << QStringLiteral("12,300");
    QTest::newRow("zero") << 0.0 << QStringLiteral("0");
    QTest::newRow("unknown") << -1.0 << QStringLiteral("–");
}

void ViewModelsTest::figuresHaveThreeDigits() {
    QFETCH(double, value);
    QFETCH(QString, text);
    QCOMPARE(threeDigits(value), text);
}

void ViewModelsTest::unknownFiguresAreADash() {
    Stage stage;
    stage.service.setReadouts(Readouts());
    QTRY_COMPARE(stage.viewModel.status()->context(), QStringLiteral("– / –"));
    QCOMPARE(stage.viewModel.status()->readSpeed(), QStringLiteral("– tok/s"));
    QCOMPARE(stage.viewModel.status()->weightShare(), 0.0);
}

}  // namespace
}  // namespace apertura

int main(int argc, char** argv) {
    QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
    QGuiApplication application(argc, argv);
    apertura::ViewModelsTest test;
    return QTest::qExec(&test, argc, argv);
}
#include "view_models_test.moc"
