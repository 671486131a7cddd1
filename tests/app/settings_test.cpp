// The user's choices, and the folder they are kept in.
#include "app/settings/settings.h"

#include <QDir>
#include <QFile>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/settings/data_folder.h"

namespace apertura {

class SettingsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();

    void defaultsHoldWhereNothingIsStored();
    void everyChoiceReturnsAfterARestart();
    void valueIsOnDiskWithoutSyncSoon();
    void signalsSayWhatChangedAndOnlyThen();
    void damagedFileCountsAsEmptyAndIsKept_data();
    void damagedFileCountsAsEmptyAndIsKept();
    void nonsenseValuesCountAsDefaults();

    void dataFolderIsMadeForItsOwnerOnly();
    void dataFolderOfTheDesktopIsTheDefault();
    void dataFolderWithOtherThingsKeepsItsAccess();
    void dataFolderThatIsAFileIsOneSentence();
    void dataFolderThatCannotBeMadeIsOneSentence();

private:
    QString iniPath() const { return m_folder->filePath(QStringLiteral("settings.ini")); }
    void write(const QByteArray& text) const;

    std::unique_ptr<QTemporaryDir> m_folder;
};

namespace {

constexpr QFile::Permissions kOthers = QFile::ReadGroup | QFile::WriteGroup | QFile::ExeGroup |
                                       QFile::ReadOther | QFile::WriteOther | QFile::ExeOther;

}  // namespace

void SettingsTest::init() {
    m_folder = std::make_unique<QTemporaryDir>();
}

void SettingsTest::write(const QByteArray& text) const {
    QFile file(iniPath());
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(text);
}

void SettingsTest::defaultsHoldWhereNothingIsStored() {
    const Settings settings(m_folder->path());
    QCOMPARE(settings.colourScheme(), ColourScheme::system);
    QCOMPARE(settings.textScalePercent(), 100);
    QVERIFY(settings.leftPanelOpen());
    QCOMPARE(settings.leftPanelWidth(), 260);
    QVERIFY(settings.rightPanelOpen());
    QVERIFY(settings.windowGeometry().isEmpty());
    QVERIFY(!settings.windowMaximized());
    QCOMPARE(settings.lastConversation(), 0);
    QVERIFY(settings.lastModel().isEmpty());
    QVERIFY(settings.modelFolders().isEmpty());
    QVERIFY(!settings.ctrlEnterSends());
}

void SettingsTest::everyChoiceReturnsAfterARestart() {
    const QStringList folders = {QStringLiteral("/models/Größe, 机器"), QStringLiteral("/b;c=d")};
    {
        Settings settings(m_folder->path());
        settings.setColourScheme(ColourScheme::dark);
        settings.setTextScalePercent(150);
        settings.setLeftPanelOpen(false);
        settings.setLeftPanelWidth(333);
        settings.setRightPanelOpen(false);
        settings.setWindowGeometry(QRect(-5, 6, 700, 800));
        settings.setWindowMaximized(true);
        settings.setLastConversation(5'000'000'000);
        settings.setLastModel(folders[0]);
        settings.setModelFolders(folders);
        settings.setCtrlEnterSends(true);
    }
    Settings settings(m_folder->path());
    QCOMPARE(settings.colourScheme(), ColourScheme::dark);
    QCOMPARE(settings.textScalePercent(), 150);
    QVERIFY(!settings.leftPanelOpen());
    QCOMPARE(settings.leftPanelWidth(), 333);
    QVERIFY(!settings.rightPanelOpen());
    QCOMPARE(settings.windowGeometry(), QRect(-5, 6, 700, 800));
    QVERIFY(settings.windowMaximized());
    QCOMPARE(settings.lastConversation(), 5'000'000'000);
    QCOMPARE(settings.lastModel(), folders[0]);
    QCOMPARE(settings.modelFolders(), folders);
    QVERIFY(settings.ctrlEnterSends());
    // Lists of one and of none are their own cases in an ini file.
    for (const QStringList& list : {QStringList{folders[0]}, QStringList{}}) {
        settings.setModelFolders(list);
        settings.sync();
        QCOMPARE(Settings(m_folder->path()).modelFolders(), list);
    }
}

void SettingsTest::valueIsOnDiskWithoutSyncSoon() {
    Settings settings(m_folder->path());
    settings.setLastModel(QStringLiteral("/models/demo"));
    const auto stored = [this] {
        QFile file(iniPath());
        return file.open(QIODevice::ReadOnly) && file.readAll().contains("/models/demo");
    };
    QTRY_VERIFY(stored());
}

void SettingsTest::signalsSayWhatChangedAndOnlyThen() {
    Settings settings(m_folder->path());
    const QSignalSpy scheme(&settings, &Settings::colourSchemeChanged);
    const QSignalSpy scale(&settings, &Settings::textScaleChanged);
    const QSignalSpy changed(&settings, &Settings::changed);
    settings.setColourScheme(ColourScheme::light);
    settings.setColourScheme(ColourScheme::light);
    settings.setTextScalePercent(1000);
    settings.setTextScalePercent(200);
    QCOMPARE(settings.textScalePercent(), 200);
    settings.setLastConversation(3);
    QCOMPARE(scheme.size(), 1);
    QCOMPARE(scale.size(), 1);
    QCOMPARE(changed.size(), 3);
}

void SettingsTest::damagedFileCountsAsEmptyAndIsKept_data() {
    QTest::addColumn<QByteArray>("damaged");
    QTest::newRow("zeros") << QByteArray(300, '\0');
    QTest::newRow("noise") << QByteArray("\xff\xfe\x01garbage without an equals sign\n\x80\x80\n");
    QTest::newRow("half a section") << QByteArray("[look]\ntextScalePercent=150\n[wind");
}

void SettingsTest::damagedFileCountsAsEmptyAndIsKept() {
    QFETCH(QByteArray, damaged);
    write(damaged);
    {
        Settings settings(m_folder->path());
        QCOMPARE(settings.textScalePercent(), 100);
        settings.setTextScalePercent(120);
    }
    QCOMPARE(Settings(m_folder->path()).textScalePercent(), 120);
    QFile kept(iniPath() + QStringLiteral(".damaged"));
    QVERIFY(kept.open(QIODevice::ReadOnly));
    QCOMPARE(kept.readAll(), damaged);
}

void SettingsTest::nonsenseValuesCountAsDefaults() {
    write(
        "[look]\ncolourScheme=purple\ntextScalePercent=many\n"
        "[window]\ngeometry=@Rect(1 2 -3 -4)\n[last]\nconversation=x\n");
    const Settings settings(m_folder->path());
    QCOMPARE(settings.colourScheme(), ColourScheme::system);
    QCOMPARE(settings.textScalePercent(), 100);
    QVERIFY(settings.windowGeometry().isEmpty());
    QCOMPARE(settings.lastConversation(), 0);
}

void SettingsTest::dataFolderIsMadeForItsOwnerOnly() {
    const QString wanted = m_folder->filePath(QStringLiteral("a/b/data"));
    const Result<QString> made = prepareDataFolder(wanted);
    QVERIFY(made);
    QCOMPARE(*made, wanted);
    QCOMPARE(QFile::permissions(wanted) & kOthers, QFile::Permissions());
    QVERIFY(prepareDataFolder(wanted));
}

void SettingsTest::dataFolderOfTheDesktopIsTheDefault() {
    const QByteArray before = qgetenv("XDG_DATA_HOME");
    qputenv("XDG_DATA_HOME", QFile::encodeName(m_folder->path()));
    const Result<QString> made = prepareDataFolder(QString());
    qputenv("XDG_DATA_HOME", before);
    QVERIFY(made);
    QCOMPARE(*made, m_folder->filePath(QStringLiteral("apertura")));
    QVERIFY(QFileInfo(*made).isDir());
}

void SettingsTest::dataFolderWithOtherThingsKeepsItsAccess() {
    write("x");
    const QFile::Permissions open = QFile::permissions(m_folder->path()) | QFile::ReadOther;
    QVERIFY(QFile::setPermissions(m_folder->path(), open));
    QVERIFY(prepareDataFolder(m_folder->path()));
    QCOMPARE(QFile::permissions(m_folder->path()), open);
}

void SettingsTest::dataFolderThatIsAFileIsOneSentence() {
    write("x");
    const Result<QString> made = prepareDataFolder(iniPath());
    QVERIFY(!made);
    QCOMPARE(made.error().code, ErrorCode::storageFailed);
    QCOMPARE(made.error().message,
             iniPath().toStdString() +
                 ": the folder for Apertura's data cannot be used (Not a directory).");
}

void SettingsTest::dataFolderThatCannotBeMadeIsOneSentence() {
    const Result<QString> made = prepareDataFolder(QStringLiteral("/proc/apertura/data"));
    QVERIFY(!made);
    QCOMPARE(made.error().code, ErrorCode::storageFailed);
}

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::SettingsTest)
#include "settings_test.moc"
