#include "app/settings/settings.h"

#include <algorithm>

#include <QFile>
#include <QSettings>

#include "inference/status.h"

namespace apertura {
namespace {

constexpr int kLeastTextScale = 80;
constexpr int kGreatestTextScale = 200;
constexpr int kLeastLeftPanel = 200;
constexpr int kGreatestLeftPanel = 400;

// Keys of settings.ini. Never renamed: files of older versions have them.
constexpr const char* kColourScheme = "look/colourScheme";
constexpr const char* kTextScale = "look/textScalePercent";
constexpr const char* kLeftPanel = "window/leftPanelOpen";
constexpr const char* kLeftPanelWidth = "window/leftPanelWidth";
constexpr const char* kRightPanel = "window/rightPanelOpen";
constexpr const char* kGeometry = "window/geometry";
constexpr const char* kMaximized = "window/maximized";
constexpr const char* kLastConversation = "last/conversation";
constexpr const char* kLastModel = "last/model";
constexpr const char* kModelFolders = "models/folders";
constexpr const char* kCtrlEnterSends = "composer/ctrlEnterSends";

QString schemeName(ColourScheme scheme) {
    switch (scheme) {
        case ColourScheme::system:
            return QStringLiteral("system");
        case ColourScheme::light:
            return QStringLiteral("light");
        case ColourScheme::dark:
            return QStringLiteral("dark");
    }
    CHECK(false);
    return {};
}

std::unique_ptr<QSettings> openIni(const QString& path) {
    return std::make_unique<QSettings>(path, QSettings::IniFormat);
}

}  // namespace

class Settings::Private {
public:
    explicit Private(const QString& path) : m_ini(openIni(path)) {
        m_ini->allKeys();  // reads every section, which otherwise waits for the first use
        if (m_ini->status() == QSettings::FormatError) {
            m_ini.reset();
            const QString aside = path + QStringLiteral(".damaged");
            QFile::remove(aside);
            QFile::rename(path, aside);
            m_ini = openIni(path);
        }
    }

    QVariant value(const char* key, const QVariant& fallback = {}) const {
        return m_ini->value(QLatin1String(key), fallback);
    }
    // Whether it was another value before.
    bool set(const char* key, const QVariant& value) {
        if (m_ini->value(QLatin1String(key)) == value) {
            return false;
        }
        m_ini->setValue(QLatin1String(key), value);  // written by its own timer
        return true;
    }
    void sync() { m_ini->sync(); }

private:
    std::unique_ptr<QSettings> m_ini;
};

Settings::Settings(const QString& dataFolder, QObject* parent)
    : QObject(parent),
      m_private(std::make_unique<Private>(dataFolder + QStringLiteral("/settings.ini"))) {}

Settings::~Settings() = default;

ColourScheme Settings::colourScheme() const {
    const QString name = m_private->value(kColourScheme).toString();
    for (ColourScheme scheme : {ColourScheme::light, ColourScheme::dark}) {
        if (name == schemeName(scheme)) {
            return scheme;
        }
    }
    return ColourScheme::system;
}

void Settings::setColourScheme(ColourScheme scheme) {
    if (m_private->set(kColourScheme, schemeName(scheme))) {
        Q_EMIT colourSchemeChanged();
        Q_EMIT changed();
    }
}

int Settings::textScalePercent() const {
    bool isNumber = false;
    const int percent = m_private->value(kTextScale).toInt(&isNumber);
    return isNumber ? std::clamp(percent, kLeastTextScale, kGreatestTextScale) : 100;
}

void Settings::setTextScalePercent(int percent) {
    if (m_private->set(kTextScale, std::clamp(percent, kLeastTextScale, kGreatestTextScale))) {
        Q_EMIT textScaleChanged();
        Q_EMIT changed();
    }
}

bool Settings::leftPanelOpen() const {
    return m_private->value(kLeftPanel, true).toBool();
}

void Settings::setLeftPanelOpen(bool open) {
    if (m_private->set(kLeftPanel, open)) {
        Q_EMIT changed();
    }
}

int Settings::leftPanelWidth() const {
    bool isNumber = false;
    const int width = m_private->value(kLeftPanelWidth).toInt(&isNumber);
    return isNumber ? std::clamp(width, kLeastLeftPanel, kGreatestLeftPanel) : kUsualLeftPanelWidth;
}

void Settings::setLeftPanelWidth(int width) {
    if (m_private->set(kLeftPanelWidth, std::clamp(width, kLeastLeftPanel, kGreatestLeftPanel))) {
        Q_EMIT changed();
    }
}

bool Settings::rightPanelOpen() const {
    return m_private->value(kRightPanel, true).toBool();
}

void Settings::setRightPanelOpen(bool open) {
    if (m_private->set(kRightPanel, open)) {
        Q_EMIT changed();
    }
}

QRect Settings::windowGeometry() const {
    const QRect geometry = m_private->value(kGeometry).toRect();
    return geometry.isValid() ? geometry : QRect();
}

void Settings::setWindowGeometry(const QRect& geometry) {
    if (m_private->set(kGeometry, geometry)) {
        Q_EMIT changed();
    }
}

bool Settings::windowMaximized() const {
    return m_private->value(kMaximized, false).toBool();
}

void Settings::setWindowMaximized(bool maximized) {
    if (m_private->set(kMaximized, maximized)) {
        Q_EMIT changed();
    }
}

qint64 Settings::lastConversation() const {
    return m_private->value(kLastConversation).toLongLong();
}

void Settings::setLastConversation(qint64 id) {
    if (m_private->set(kLastConversation, id)) {
        Q_EMIT changed();
    }
}

QString Settings::lastModel() const {
    return m_private->value(kLastModel).toString();
}

void Settings::setLastModel(const QString& directory) {
    if (m_private->set(kLastModel, directory)) {
        Q_EMIT changed();
    }
}

QStringList Settings::modelFolders() const {
    return m_private->value(kModelFolders).toStringList();
}

void Settings::setModelFolders(const QStringList& directories) {
    if (m_private->set(kModelFolders, directories)) {
        Q_EMIT changed();
    }
}

bool Settings::ctrlEnterSends() const {
    return m_private->value(kCtrlEnterSends, false).toBool();
}

void Settings::setCtrlEnterSends(bool ctrlEnter) {
    if (m_private->set(kCtrlEnterSends, ctrlEnter)) {
        Q_EMIT changed();
    }
}

void Settings::sync() {
    m_private->sync();
}

}  // namespace apertura
