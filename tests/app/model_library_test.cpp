// The list of checkpoints that the window offers.
#include "app/settings/model_library.h"

#include <QDir>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/settings/checkpoint_summary.h"
#include "app/settings/settings.h"
#include "inference/weights/checkpoint.h"
#include "tests/support/goldens.h"

namespace apertura {

class ModelLibraryTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();

    void demoVariantsComeFirstWithSizeAndPrecision();
    void precisionIsThatOfTheLoadedModel_data();
    void precisionIsThatOfTheLoadedModel();
    void preferredModelIsTheMixedGptqDemo();
    void theLastModelReturnsUnlessItWasRemoved();
    void addedFolderIsThereAfterARestart();
    void addingTwiceIsNoErrorAndNoSecondEntry();
    void addingADemoVariantAddsNothing();
    void repositoryOfAHubCacheIsItsNewestSnapshot();
    void folderWithoutACheckpointIsRefusedInOneSentence();
    void folderThatVanishedStaysWithAProblem();
    void cutDownloadStaysWithAProblem();
    void removingForgetsAndDeletesNothing();

private:
    QString copyOfDemo(const QString& variant, const QString& to) const;
    static QString demo() { return QStringLiteral(APERTURA_SOURCE_DIR "/resources/demo-model"); }

    std::unique_ptr<QTemporaryDir> m_folder;
    std::unique_ptr<Settings> m_settings;
};

void ModelLibraryTest::init() {
    m_settings.reset();
    m_folder = std::make_unique<QTemporaryDir>();
    m_settings = std::make_unique<Settings>(m_folder->path());
}

QString ModelLibraryTest::copyOfDemo(const QString& variant, const QString& to) const {
    const QDir from(demo() + QLatin1Char('/') + variant);
    const QString folder = m_folder->filePath(to);
    QDir().mkpath(folder);
    for (const QString& name : from.entryList(QDir::Files)) {
        QFile::link(from.filePath(name), folder + QLatin1Char('/') + name);
    }
    return folder;
}

void ModelLibraryTest::demoVariantsComeFirstWithSizeAndPrecision() {
    copyOfDemo(QStringLiteral("bf16"), QStringLiteral("mine"));
    m_settings->setModelFolders({m_folder->filePath(QStringLiteral("mine"))});
    const ModelLibrary library(demo(), *m_settings);
    const QVector<ModelEntry> entries = library.entries();
    QCOMPARE(entries.size(), 4);
    QCOMPARE(entries[0].precision, QStringLiteral("BF16"));
    QCOMPARE(entries[1].precision, QStringLiteral("GPTQ 4/8-bit g128 + EoRA"));
    QCOMPARE(entries[2].precision, QStringLiteral("SINQ 4-bit g64"));
    for (int n = 0; n < 3; ++n) {
        QVERIFY(entries[n].isDemo);
        QVERIFY(entries[n].problem.isEmpty());
        QVERIFY(entries[n].name.contains(QStringLiteral("demo")));
    }
    QCOMPARE(entries[0].bytes,
             QFileInfo(demo() + QStringLiteral("/bf16/model.safetensors")).size());
    QVERIFY(!entries[3].isDemo);
    QCOMPARE(entries[3].name, QStringLiteral("mine"));
    QCOMPARE(entries[3].precision, QStringLiteral("BF16"));
}

void ModelLibraryTest::precisionIsThatOfTheLoadedModel_data() {
    QTest::addColumn<QString>("folder");
    const auto addFolders = [](const QString& parent) {
        for (const QFileInfo& folder :
             QDir(parent).entryInfoList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
            QTest::addRow("%s", qPrintable(folder.filePath())) << folder.filePath();
        }
    };
    addFolders(demo());
    for (const auto& folder : test::findGoldens("models/micro")) {
        addFolders(QString::fromStdString(folder.string()));
    }
}

void ModelLibraryTest::precisionIsThatOfTheLoadedModel() {
    QFETCH(QString, folder);
    const auto loaded = loadCheckpoint({folder.toStdString(), {}}, {}, {});
    if (!loaded) {
        QSKIP(loaded.error().message.c_str());
    }
    const Result<CheckpointSummary> summary = summarizeCheckpoint(folder.toStdString());
    QVERIFY2(summary, summary ? "" : summary.error().message.c_str());
    QCOMPARE(summary->precision, (*loaded)->precision);
    QVERIFY(summary->weightBytes > 0);
}

void ModelLibraryTest::preferredModelIsTheMixedGptqDemo() {
    QCOMPARE(ModelLibrary(demo(), *m_settings).preferredModel(),
             demo() + QStringLiteral("/gptq-mixed-eora"));
    const QString nothing = m_folder->filePath(QStringLiteral("no demo"));
    QVERIFY(ModelLibrary(nothing, *m_settings).preferredModel().isEmpty());
    const QString mine = copyOfDemo(QStringLiteral("bf16"), QStringLiteral("mine"));
    m_settings->setModelFolders({QStringLiteral("/gone"), mine});
    QCOMPARE(ModelLibrary(nothing, *m_settings).preferredModel(), mine);
}

void ModelLibraryTest::theLastModelReturnsUnlessItWasRemoved() {
    const QString mine = copyOfDemo(QStringLiteral("bf16"), QStringLiteral("mine"));
    ModelLibrary library(demo(), *m_settings);
    QCOMPARE(library.startModel(), library.preferredModel());
    QVERIFY(library.addFolder(mine));
    m_settings->setLastModel(mine);
    QCOMPARE(library.startModel(), mine);
    library.removeFolder(mine);
    QCOMPARE(library.startModel(), library.preferredModel());
    QVERIFY(library.addFolder(mine));
    QVERIFY(QDir(mine).removeRecursively());
    QCOMPARE(library.startModel(), library.preferredModel());
}

void ModelLibraryTest::addedFolderIsThereAfterARestart() {
    const QString mine = copyOfDemo(QStringLiteral("sinq-4bit"), QStringLiteral("Größe 机器"));
    {
        ModelLibrary library(demo(), *m_settings);
        const QSignalSpy changed(&library, &ModelLibrary::changed);
        QVERIFY(library.addFolder(mine));
        QCOMPARE(changed.size(), 1);
    }
    m_settings = std::make_unique<Settings>(m_folder->path());
    const ModelEntry entry = ModelLibrary(demo(), *m_settings).entries().last();
    QCOMPARE(entry.path, mine);
    QCOMPARE(entry.name, QStringLiteral("Größe 机器"));
    QCOMPARE(entry.precision, QStringLiteral("SINQ 4-bit g64"));
    QVERIFY(entry.problem.isEmpty());
}

void ModelLibraryTest::addingTwiceIsNoErrorAndNoSecondEntry() {
    const QString mine = copyOfDemo(QStringLiteral("bf16"), QStringLiteral("mine"));
    const QString link = m_folder->filePath(QStringLiteral("link"));
    QVERIFY(QFile::link(mine, link));
    ModelLibrary library({}, *m_settings);
    const QSignalSpy changed(&library, &ModelLibrary::changed);
    QVERIFY(library.addFolder(mine));
    QVERIFY(library.addFolder(mine + QStringLiteral("/")));
    QVERIFY(library.addFolder(link));
    QCOMPARE(library.entries().size(), 1);
    QCOMPARE(changed.size(), 1);
}

void ModelLibraryTest::addingADemoVariantAddsNothing() {
    ModelLibrary library(demo(), *m_settings);
    QVERIFY(library.addFolder(demo() + QStringLiteral("/bf16")));
    QCOMPARE(library.entries().size(), 3);
    QVERIFY(m_settings->modelFolders().isEmpty());
}

void ModelLibraryTest::repositoryOfAHubCacheIsItsNewestSnapshot() {
    const QString repository = m_folder->filePath(QStringLiteral("models--swiss-ai--Apertus"));
    copyOfDemo(QStringLiteral("bf16"),
               QStringLiteral("models--swiss-ai--Apertus/snapshots/0123abcd"));
    ModelLibrary library({}, *m_settings);
    const QString snapshot = repository + QStringLiteral("/snapshots/0123abcd");
    QCOMPARE(*library.addFolder(repository), snapshot);
    QCOMPARE(*library.addFolder(repository), snapshot);
    QCOMPARE(library.entries()[0].path, snapshot);
    QCOMPARE(library.entries()[0].name, QStringLiteral("swiss-ai/Apertus"));
}

void ModelLibraryTest::folderWithoutACheckpointIsRefusedInOneSentence() {
    ModelLibrary library({}, *m_settings);
    const Result<QString> gone = library.addFolder(QStringLiteral("/nowhere/model"));
    QVERIFY(!gone);
    QCOMPARE(gone.error().code, ErrorCode::fileMissing);
    QCOMPARE(gone.error().message, std::string("/nowhere/model: the folder is not there."));
    const Result<QString> empty = library.addFolder(m_folder->path());
    QVERIFY(!empty);
    QCOMPARE(empty.error().code, ErrorCode::fileMissing);
    QVERIFY(empty.error().message.find("config.json") != std::string::npos);
    QVERIFY(library.entries().isEmpty());
    QVERIFY(m_settings->modelFolders().isEmpty());
}

void ModelLibraryTest::folderThatVanishedStaysWithAProblem() {
    m_settings->setModelFolders({QStringLiteral("/nowhere/model")});
    const ModelLibrary library({}, *m_settings);
    QCOMPARE(library.entries().size(), 1);
    QCOMPARE(library.entries()[0].name, QStringLiteral("model"));
    QCOMPARE(library.entries()[0].problem,
             QStringLiteral("/nowhere/model: the folder is not there."));
    QVERIFY(library.preferredModel().isEmpty());
}

void ModelLibraryTest::cutDownloadStaysWithAProblem() {
    const QString mine = copyOfDemo(QStringLiteral("sinq-4bit"), QStringLiteral("mine"));
    QVERIFY(QFile::remove(mine + QStringLiteral("/model-00001-of-00001.safetensors")));
    m_settings->setModelFolders({mine});
    const ModelLibrary library({}, *m_settings);
    QVERIFY2(
        library.entries()[0].problem.contains(QStringLiteral("model-00001-of-00001.safetensors")),
        qPrintable(library.entries()[0].problem));
}

void ModelLibraryTest::removingForgetsAndDeletesNothing() {
    const QString mine = copyOfDemo(QStringLiteral("bf16"), QStringLiteral("mine"));
    m_settings->setModelFolders({QStringLiteral("/gone"), mine});
    ModelLibrary library({}, *m_settings);
    const QSignalSpy changed(&library, &ModelLibrary::changed);
    library.removeFolder(mine);
    library.removeFolder(QStringLiteral("/gone"));
    library.removeFolder(QStringLiteral("/never there"));
    QVERIFY(library.entries().isEmpty());
    QCOMPARE(changed.size(), 2);
    QVERIFY(QFile::exists(mine + QStringLiteral("/config.json")));
}

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::ModelLibraryTest)
#include "model_library_test.moc"
