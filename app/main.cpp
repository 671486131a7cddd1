// The window program: puts the parts together and hands them to QML. The only file that sees
// everything.
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>

#include <QCommandLineParser>
#include <QDir>
#include <QGuiApplication>
#include <QPalette>
#include <QQmlApplicationEngine>
#include <QQuickStyle>
#include <QQuickWindow>
#include <QTemporaryDir>
#include <QTimer>
#include <QtQml/qqmlextensionplugin.h>

#include "app/conversation/local_chat_service.h"
#include "app/settings/data_folder.h"
#include "app/settings/model_library.h"
#include "app/settings/settings.h"
#include "app/settings/single_instance.h"
#include "app/settings/system_colour_scheme.h"
#include "app/settings/system_motion.h"
#include "ui/view_models/chat_view_model.h"

Q_IMPORT_QML_PLUGIN(AperturaPlugin)

namespace apertura {
namespace {

constexpr int kShownTimeoutMs = 20'000;
constexpr int kAnswerTimeoutMs = 300'000;
constexpr std::uint64_t kPictureSeed = 1;
constexpr QSize kPictureSize(1280, 800);
constexpr int kSettleMs = 500;  // for bindings, layout and late warnings

void say(const QString& sentence) {
    std::fprintf(stderr, "apertura: %s\n", qPrintable(sentence));
}

struct Arguments {
    QString model;
    QString dataFolder;  // empty = the desktop's
    QString screenshot;
    QSize size;
    std::optional<ColourScheme> scheme;
    bool smoke = false;
    bool noCache = false;

    // Draws offscreen and ends by itself, on a data folder of its own unless one is given.
    bool isUnattended() const { return smoke || !screenshot.isEmpty(); }
};

// Understands the command line. Prints help, version or a mistake and ends the program itself.
class CommandLine {
public:
    CommandLine() {
        m_parser.setApplicationDescription(
            QStringLiteral("A desktop chat with quantized Apertus language models."));
        m_parser.addHelpOption();
        m_parser.addVersionOption();
        m_parser.addOptions({m_smoke, m_screenshot, m_size, m_scheme, m_dataFolder, m_noCache});
        m_parser.addPositionalArgument(QStringLiteral("model"),
                                       QStringLiteral("A model folder; else the last one is used."),
                                       QStringLiteral("[model]"));
    }

    // Before there is an application, as the platform depends on it.
    bool isUnattended(const QStringList& words) {
        m_parser.parse(words);
        return m_parser.isSet(m_smoke) || m_parser.isSet(m_screenshot);
    }

    std::optional<Arguments> read(const QStringList& words) {
        m_parser.process(words);
        Arguments arguments;
        arguments.model = m_parser.positionalArguments().value(0);
        arguments.smoke = m_parser.isSet(m_smoke);
        arguments.noCache = m_parser.isSet(m_noCache);
        arguments.screenshot = m_parser.value(m_screenshot);
        arguments.dataFolder = m_parser.isSet(m_dataFolder)
                                   ? m_parser.value(m_dataFolder)
                                   : qEnvironmentVariable("APERTURA_DATA_DIR");
        const QStringList size = m_parser.value(m_size).split(QLatin1Char('x'));
        arguments.size = QSize(size.value(0).toInt(), size.value(1).toInt());
        if (m_parser.isSet(m_size) && arguments.size.isEmpty()) {
            say(QStringLiteral("--size takes a width and a height, such as 1280x800."));
            return std::nullopt;
        }
        const QString scheme = m_parser.value(m_scheme);
        if (scheme == QLatin1String("light") || scheme == QLatin1String("dark")) {
            arguments.scheme =
                scheme == QLatin1String("dark") ? ColourScheme::dark : ColourScheme::light;
        } else if (m_parser.isSet(m_scheme)) {
            say(QStringLiteral("--scheme is light or dark."));
            return std::nullopt;
        }
        return arguments;
    }

private:
    QCommandLineParser m_parser;
    QCommandLineOption m_smoke{QStringLiteral("smoke"),
                               QStringLiteral("Open the window offscreen, and end: a self-test.")};
    QCommandLineOption m_screenshot{
        QStringLiteral("screenshot"),
        QStringLiteral("Ask an example question and draw the window into a picture."),
        QStringLiteral("file.png")};
    QCommandLineOption m_size{QStringLiteral("size"), QStringLiteral("The size of the window."),
                              QStringLiteral("WxH")};
    QCommandLineOption m_scheme{QStringLiteral("scheme"), QStringLiteral("Use these colours."),
                                QStringLiteral("light|dark")};
    QCommandLineOption m_dataFolder{
        QStringLiteral("data-dir"),
        QStringLiteral("Keep conversations and settings in this folder."),
        QStringLiteral("folder")};
    QCommandLineOption m_noCache{
        QStringLiteral("no-cache"),
        QStringLiteral("Neither read nor write the packed form of a quantized checkpoint.")};
};

QString demoFolder() {
    const QString installed = QDir(QCoreApplication::applicationDirPath())
                                  .filePath(QStringLiteral("../share/apertura/demo-model"));
    return QDir(installed).exists() ? QDir(installed).canonicalPath()
                                    : QStringLiteral(APERTURA_SOURCE_DIR "/resources/demo-model");
}

// The history of the data folder; where it cannot be opened, one that forgets and says so. No byte
// of what could not be opened changes.
Result<OpenedHistory> openHistoryOrForget(const QString& path, const QString& obstacle) {
    Result<OpenedHistory> opened = obstacle.isEmpty()
                                       ? openHistory({path, {}})
                                       : Error{ErrorCode::storageFailed, obstacle.toStdString()};
    if (opened) {
        return opened;
    }
    Result<OpenedHistory> forgetful = openHistory({QStringLiteral(":memory:"), {}});
    if (forgetful) {
        forgetful->notices.append(QString::fromStdString(opened.error().message) +
                                  QStringLiteral(" Until then nothing that is said here is kept."));
    }
    return forgetful;
}

// Where this run writes. Where the folder that is wanted cannot be used, `obstacle` says why and
// `path` is a temporary one.
struct DataFolder {
    QTemporaryDir temporary;
    QString path;
    QString obstacle;

    bool isTemporary() const { return path == temporary.path(); }

    explicit DataFolder(const Arguments& arguments) {
        if (arguments.isUnattended() && arguments.dataFolder.isEmpty()) {
            path = temporary.path();
            return;
        }
        const Result<QString> prepared = prepareDataFolder(arguments.dataFolder);
        path = prepared ? *prepared : temporary.path();
        obstacle = prepared ? QString() : QString::fromStdString(prepared.error().message);
    }
};

// What is worked out once for a checkpoint or a device lies beside the history. Gigabytes that go
// with a temporary folder are not written.
LoadOptions loadOptions(const Arguments& arguments, const DataFolder& data) {
    LoadOptions options;
    options.cacheDirectory = (data.path + QStringLiteral("/cache")).toStdString();
    if (arguments.noCache || data.isTemporary()) {
        options.packedCacheBytes = 0;
    }
    return options;
}

// The desktop's preference becomes the palette, which is what the window looks at.
void followDesktop(SystemColourScheme& scheme) {
    const QPalette own = QGuiApplication::palette();
    QObject::connect(&scheme, &SystemColourScheme::changed, qGuiApp, [&scheme, own] {
        if (!scheme.isDark()) {
            QGuiApplication::setPalette(own);
            return;
        }
        QGuiApplication::setPalette(
            QPalette(*scheme.isDark() ? QColor(0x1E, 0x1E, 0x1B) : QColor(0xF3, 0xF3, 0xF0)));
    });
}

// All parts of a running application, in the order they depend on each other.
class Application {
public:
    Application(const Arguments& arguments, const DataFolder& data)
        : m_arguments(arguments),
          m_settings(data.path),
          m_library(demoFolder(), m_settings),
          m_history([path = data.path + QStringLiteral("/history.sqlite"),
                     obstacle = data.obstacle] { return openHistoryOrForget(path, obstacle); }),
          m_service([] { return makeLocalEngine(); }, m_history, m_settings,
                    {{},
                     1000,
                     QStringLiteral(APERTURA_VERSION),
                     loadOptions(arguments, data),
                     [this](const ModelInfo& model) { return nameOf(model); }}),
          m_viewModel(m_service, m_settings, m_library) {
        if (arguments.scheme) {
            m_settings.setColourScheme(*arguments.scheme);
        }
        const QSize size =
            arguments.size.isEmpty() && arguments.isUnattended() ? kPictureSize : arguments.size;
        if (!size.isEmpty()) {
            m_settings.setWindowGeometry(QRect(QPoint(0, 0), size));
        }
        followDesktop(m_colourScheme);
        QObject::connect(&m_motion, &SystemMotion::changed, qGuiApp,
                         [this] { m_viewModel.theme()->setReducedMotion(m_motion.isReduced()); });
    }

    // False where the window's QML does not load; the engine has said why.
    bool open() {
        QObject::connect(&m_engine, &QQmlEngine::warnings, &m_engine,
                         [this](const QList<QQmlError>& warnings) {
                             m_warnings += static_cast<int>(warnings.size());
                         });
        m_engine.addImportPath(QStringLiteral("qrc:/qt/qml"));
        m_engine.setInitialProperties(
            {{QStringLiteral("viewModel"), QVariant::fromValue(&m_viewModel)}});
        m_engine.load(QUrl(QStringLiteral("qrc:/qt/qml/Apertura/Main.qml")));
        m_window = qobject_cast<QQuickWindow*>(m_engine.rootObjects().value(0));
        if (m_window) {
            m_service.start(modelToLoad());
        }
        return m_window;
    }

    void raise() {
        // show() would make a maximized window normal.
        m_window->setWindowStates(m_window->windowStates() & ~Qt::WindowMinimized);
        m_window->raise();
        m_window->requestActivate();
    }

    // Ends with 0 once the window was shown, and with 1 where that fails or QML has warned.
    void testTheWindow() {
        QTimer::singleShot(kShownTimeoutMs, qGuiApp, [] { fail(QStringLiteral("no window.")); });
        QObject::connect(
            m_window, &QQuickWindow::frameSwapped, qGuiApp,
            [this] {
                QTimer::singleShot(kSettleMs, qGuiApp,
                                   [this] { QCoreApplication::exit(m_warnings > 0 ? 1 : 0); });
            },
            Qt::SingleShotConnection);
    }

    // Asks an example question and ends with 0 once the finished answer is in the picture.
    void drawAnAnswer() {
        QTimer::singleShot(kAnswerTimeoutMs, qGuiApp,
                           [] { fail(QStringLiteral("the answer took too long.")); });
        QObject::connect(&m_service, &ChatService::sendFailed, qGuiApp,
                         [](const QString&, const QString& sentence) { fail(sentence); });
        QObject::connect(&m_service, &ChatService::modelChanged, qGuiApp, [this] {
            const ModelStatus status = m_service.model();
            if (status.phase == ModelPhase::failed) {
                fail(status.error);
            } else if (status.phase == ModelPhase::ready && !m_asked) {
                m_asked = true;
                m_service.startConversation();  // the last chat may be open again
                // The same picture every time, and no draw that rambles until the context is full.
                SamplingOptions sampling = m_service.sampling();
                sampling.seed = kPictureSeed;
                m_service.setSampling(sampling);
                m_service.send(m_viewModel.examples().value(0));
            }
        });
        QObject::connect(&m_service, &ChatService::conversationsChanged, qGuiApp, [this] {
            const QVector<ChatTurn> turns = m_service.turns();
            if (m_asked && turns.size() == 2 && !turns[1].queued &&
                turns[1].state != MessageState::partial) {
                QTimer::singleShot(kSettleMs, qGuiApp, [this] { savePicture(); });
            }
        });
    }

    // Within 2 s. False: the engine goes on regardless, and the process must end under it.
    bool shutDown() {
        m_service.shutDown();
        return m_service.engineHasEnded();
    }

private:
    static void fail(const QString& sentence) {
        say(sentence);
        QCoreApplication::exit(1);
    }

    QString modelToLoad() {
        if (!m_arguments.model.isEmpty()) {
            const QString directory = QDir(m_arguments.model).absolutePath();
            // What is no model is refused when it is loaded, with a better sentence.
            const Result<QString> added = m_library.addFolder(directory);
            return added ? *added : directory;
        }
        return m_library.startModel();
    }

    // As the picker calls it, so that the variants of one model can be told apart.
    QString nameOf(const ModelInfo& model) const {
        const QString precision = QString::fromStdString(model.precision);
        const QString path = QString::fromStdString(model.directory.string());
        for (const ModelEntry& entry : m_library.entries()) {
            if (entry.path == path) {
                return entry.name + QStringLiteral(" · ") + precision;
            }
        }
        return QString::fromStdString(model.name) + QStringLiteral(" · ") + precision;
    }

    void savePicture() {
        const QImage picture = m_window->grabWindow();
        if (picture.isNull() || !picture.save(m_arguments.screenshot)) {
            fail(m_arguments.screenshot + QStringLiteral(": the picture cannot be written."));
            return;
        }
        QCoreApplication::exit(0);
    }

    Arguments m_arguments;
    Settings m_settings;
    ModelLibrary m_library;
    SystemColourScheme m_colourScheme{QDBusConnection::sessionBus()};
    SystemMotion m_motion{QDBusConnection::sessionBus()};
    HistoryThread m_history;
    LocalChatService m_service;
    ChatViewModel m_viewModel;
    QQmlApplicationEngine m_engine;
    QQuickWindow* m_window = nullptr;  // the engine's
    bool m_asked = false;              // the picture's question
    int m_warnings = 0;                // of QML
};

int run(const Arguments& arguments) {
    const DataFolder data(arguments);
    SingleInstance instance(data.path);
    const Result<bool> isFirst = instance.acquire();
    if (isFirst && !*isFirst) {
        return 0;
    }
    Application application(arguments, data);
    if (!application.open()) {
        return 1;
    }
    QObject::connect(&instance, &SingleInstance::raiseRequested, qGuiApp,
                     [&application] { application.raise(); });
    if (arguments.smoke) {
        application.testTheWindow();
    } else if (!arguments.screenshot.isEmpty()) {
        application.drawAnAnswer();
    }
    const int status = QGuiApplication::exec();
    if (!application.shutDown()) {
        // The history is closed and on disk; only a kernel that does not stop is left.
        std::_Exit(status);
    }
    return status;
}

}  // namespace
}  // namespace apertura

int main(int argc, char** argv) {
    QStringList words;
    for (int i = 0; i < argc; ++i) {
        words << QString::fromLocal8Bit(argv[i]);
    }
    apertura::CommandLine commandLine;
    if (commandLine.isUnattended(words)) {
        qputenv("QT_QPA_PLATFORM", "offscreen");
        qputenv("QT_QUICK_BACKEND", "software");
    }
    const QGuiApplication application(argc, argv);
    QCoreApplication::setApplicationName(QStringLiteral("apertura"));
    QCoreApplication::setApplicationVersion(QStringLiteral(APERTURA_VERSION));
    QGuiApplication::setApplicationDisplayName(QStringLiteral("Apertura"));
    QGuiApplication::setDesktopFileName(QStringLiteral("apertura"));
    QQuickStyle::setStyle(QStringLiteral("Basic"));
    const std::optional<apertura::Arguments> arguments = commandLine.read(words);
    return arguments ? apertura::run(*arguments) : 2;
}
