// What the desktop says about colours and motion, told by a settings portal on a bus of its own.
#include <QDBusConnection>
#include <QDBusContext>
#include <QDBusError>
#include <QDBusMessage>
#include <QDBusVariant>
#include <QFile>
#include <QProcess>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/settings/system_colour_scheme.h"
#include "app/settings/system_motion.h"

namespace apertura {

namespace {

const QString kAppearance = QStringLiteral("org.freedesktop.appearance");
const QString kGnome = QStringLiteral("org.gnome.desktop.interface");

}  // namespace

// Knows the settings that it was given, and no others.
class FakePortal : public QObject, protected QDBusContext {
    Q_OBJECT
    Q_CLASSINFO("D-Bus Interface", "org.freedesktop.portal.Settings")

public:
    void set(const QString& group, const QString& key, const QVariant& value) {
        m_values.insert(group + u'/' + key, value);
        QDBusMessage changed = QDBusMessage::createSignal(
            QStringLiteral("/org/freedesktop/portal/desktop"),
            QStringLiteral("org.freedesktop.portal.Settings"), QStringLiteral("SettingChanged"));
        changed << group << key << QVariant::fromValue(QDBusVariant(value));
        QVERIFY(QDBusConnection(QStringLiteral("portal")).send(changed));
    }

public Q_SLOTS:
    // NOLINTNEXTLINE(readability-identifier-naming): the portal's spelling
    QDBusVariant Read(const QString& group, const QString& key) {
        const QVariant value = m_values.value(group + u'/' + key);
        if (!value.isValid()) {
            sendErrorReply(QDBusError::InvalidArgs, QStringLiteral("Requested setting not found"));
        }
        return QDBusVariant(QVariant::fromValue(QDBusVariant(value)));
    }

private:
    QHash<QString, QVariant> m_values;
};

class SystemSettingsTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
    void cleanupTestCase();

    void darkIsReadAndFollowed();
    void aPortalThatKnowsNothingSaysNothing();
    void reducedMotionIsReadAndFollowed();
    void disabledAnimationsOfGnomeReduceMotionToo();
    void eitherWishIsEnough();
    void withoutABusNothingIsKnown();

private:
    QDBusConnection clientBus() const { return QDBusConnection(QStringLiteral("client")); }

    QTemporaryDir m_folder;
    QProcess m_daemon;
    QString m_address;
    std::unique_ptr<FakePortal> m_portal;
};

void SystemSettingsTest::initTestCase() {
    const QString config = m_folder.filePath(QStringLiteral("bus.conf"));
    QFile file(config);
    QVERIFY(file.open(QIODevice::WriteOnly));
    file.write(QStringLiteral("<busconfig><type>session</type><listen>unix:dir=%1</listen>"
                              "<policy context=\"default\"><allow send_destination=\"*\"/>"
                              "<allow eavesdrop=\"false\"/><allow own=\"*\"/></policy></busconfig>")
                   .arg(m_folder.path())
                   .toUtf8());
    file.close();
    m_daemon.start(QStringLiteral("dbus-daemon"),
                   {QStringLiteral("--config-file=") + config, QStringLiteral("--nofork"),
                    QStringLiteral("--print-address")});
    if (!m_daemon.waitForStarted()) {
        QSKIP("There is no dbus-daemon to run a bus with.");
    }
    QTRY_VERIFY_WITH_TIMEOUT(m_daemon.canReadLine(), 20000);
    m_address = QString::fromUtf8(m_daemon.readLine()).trimmed();
}

void SystemSettingsTest::init() {
    QDBusConnection bus = QDBusConnection::connectToBus(m_address, QStringLiteral("portal"));
    QVERIFY2(bus.isConnected(), qPrintable(bus.lastError().message()));
    m_portal = std::make_unique<FakePortal>();
    QVERIFY(
        bus.registerObject(QStringLiteral("/org/freedesktop/portal/desktop"), m_portal.get(),
                           QDBusConnection::ExportAllSlots | QDBusConnection::ExportAllSignals));
    QVERIFY(bus.registerService(QStringLiteral("org.freedesktop.portal.Desktop")));
    QVERIFY(QDBusConnection::connectToBus(m_address, QStringLiteral("client")).isConnected());
}

void SystemSettingsTest::cleanup() {
    QDBusConnection::disconnectFromBus(QStringLiteral("client"));
    QDBusConnection::disconnectFromBus(QStringLiteral("portal"));
    m_portal.reset();
}

void SystemSettingsTest::cleanupTestCase() {
    m_daemon.terminate();
    m_daemon.waitForFinished();
}

void SystemSettingsTest::darkIsReadAndFollowed() {
    const QString key = QStringLiteral("color-scheme");
    m_portal->set(kAppearance, key, 1U);
    const SystemColourScheme scheme(clientBus());
    QVERIFY(!scheme.isDark());  // it has not answered yet
    QTRY_COMPARE(scheme.isDark(), std::optional(true));
    m_portal->set(kAppearance, key, 2U);
    QTRY_COMPARE(scheme.isDark(), std::optional(false));
    m_portal->set(kAppearance, key, 0U);
    QTRY_COMPARE(scheme.isDark(), std::nullopt);
}

void SystemSettingsTest::aPortalThatKnowsNothingSaysNothing() {
    m_portal->set(kAppearance, QStringLiteral("contrast"), 1U);
    const SystemColourScheme scheme(clientBus());
    const SystemMotion motion(clientBus());
    const QSignalSpy schemeChanged(&scheme, &SystemColourScheme::changed);
    const QSignalSpy motionChanged(&motion, &SystemMotion::changed);
    // Answers come in order: once this one is there, the others were.
    const PortalSetting last(clientBus(), kAppearance, QStringLiteral("contrast"));
    const QSignalSpy told(&last, &PortalSetting::told);
    QTRY_VERIFY(!told.isEmpty());
    QVERIFY(schemeChanged.isEmpty());
    QVERIFY(motionChanged.isEmpty());
    QVERIFY(!motion.isReduced());
}

void SystemSettingsTest::reducedMotionIsReadAndFollowed() {
    const QString key = QStringLiteral("reduced-motion");
    m_portal->set(kAppearance, key, 1U);
    const SystemMotion motion(clientBus());
    QVERIFY(!motion.isReduced());
    QTRY_VERIFY(motion.isReduced());
    m_portal->set(kAppearance, key, 0U);
    QTRY_VERIFY(!motion.isReduced());
}

void SystemSettingsTest::disabledAnimationsOfGnomeReduceMotionToo() {
    const QString key = QStringLiteral("enable-animations");
    m_portal->set(kGnome, key, false);
    const SystemMotion motion(clientBus());
    QTRY_VERIFY(motion.isReduced());
    m_portal->set(kGnome, key, true);
    QTRY_VERIFY(!motion.isReduced());
}

void SystemSettingsTest::eitherWishIsEnough() {
    m_portal->set(kAppearance, QStringLiteral("reduced-motion"), 0U);
    m_portal->set(kGnome, QStringLiteral("enable-animations"), false);
    const SystemMotion motion(clientBus());
    const QSignalSpy changed(&motion, &SystemMotion::changed);
    QTRY_VERIFY(motion.isReduced());
    m_portal->set(kAppearance, QStringLiteral("reduced-motion"), 1U);
    m_portal->set(kGnome, QStringLiteral("enable-animations"), true);
    m_portal->set(kAppearance, QStringLiteral("reduced-motion"), 0U);
    QTRY_VERIFY(!motion.isReduced());
    QCOMPARE(changed.size(), 2);
}

void SystemSettingsTest::withoutABusNothingIsKnown() {
    const QDBusConnection none(QStringLiteral("none"));
    const SystemColourScheme scheme(none);
    const SystemMotion motion(none);
    QVERIFY(!scheme.isDark());
    QVERIFY(!motion.isReduced());
}

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::SystemSettingsTest)
#include "system_settings_test.moc"
