// The application over the real engine: a quantized model is prepared once, and loads faster then.
#include <QDir>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>

#include "app/conversation/local_chat_service.h"
#include "tests/support/goldens.h"

namespace apertura {
namespace {

constexpr int kLoadMs = 30'000;

QString quantizedModel() {
    const auto found = test::findGoldens("models/micro/gptq-desc-act");
    return found.empty() ? QString() : QString::fromStdString(found.front().string());
}

// One run of the application, on a data folder that other runs may have used.
class Run {
public:
    Run(const QString& folder, const LoadOptions& options)
        : m_settings(folder),
          m_history([path = folder + QStringLiteral("/history.sqlite")] {
              return openHistory({path, {}});
          }),
          m_service([] { return makeLocalEngine(); }, m_history, m_settings, withLoad(options)) {
        QObject::connect(&m_service, &ChatService::modelChanged, &m_service, [this] {
            m_wasPreparing |= m_service.readouts().phase == ActivityPhase::preparing;
        });
        m_service.start(quantizedModel());
    }

    // "hit" and so on; what went wrong where the model did not load.
    QString cacheUse() {
        const auto hasEnded = [this] {
            return m_service.model().phase == ModelPhase::ready ||
                   m_service.model().phase == ModelPhase::failed;
        };
        const ModelStatus status =
            QTest::qWaitFor(hasEnded, kLoadMs) ? m_service.model() : ModelStatus{};
        return status.phase == ModelPhase::ready ? QString::fromStdString(status.info.packedCache)
                                                 : status.error;
    }
    bool wasPreparing() const { return m_wasPreparing; }
    LocalChatService& service() { return m_service; }

    // What the model answers.
    QString ask(const QString& question) {
        SamplingOptions sampling = m_service.sampling();
        sampling.temperature = 0;
        sampling.maxTokens = 5;
        m_service.setSampling(sampling);
        m_service.send(question);
        const auto hasAnswered = [this] {
            const QVector<ChatTurn> turns = m_service.turns();
            return turns.size() == 2 && turns[1].state == MessageState::complete;
        };
        return QTest::qWaitFor(hasAnswered, kLoadMs) ? m_service.turns()[1].text : QString();
    }

private:
    static LocalChatOptions withLoad(const LoadOptions& load) {
        LocalChatOptions options;
        options.load = load;
        return options;
    }

    Settings m_settings;
    HistoryThread m_history;
    LocalChatService m_service;
    bool m_wasPreparing = false;
};

}  // namespace

class PackedLoadTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theFirstLoadWritesAndTheSecondHits() {
        const QTemporaryDir folder;
        const LoadOptions options = cachedIn(folder.filePath(QStringLiteral("cache")));
        QString first;
        {
            Run run(folder.path(), options);
            QCOMPARE(run.cacheUse(), QStringLiteral("written"));
            QVERIFY(run.wasPreparing());
            first = run.ask(QStringLiteral("Hallo"));
            QVERIFY(!first.isEmpty());
        }
        QCOMPARE(QDir(folder.filePath(QStringLiteral("cache"))).entryList(QDir::Files).size(), 1);
        const QTemporaryDir other;
        Run run(other.path(), options);
        QCOMPARE(run.cacheUse(), QStringLiteral("hit"));
        QVERIFY(!run.wasPreparing());
        QCOMPARE(run.ask(QStringLiteral("Hallo")), first);
    }

    void withoutACacheNothingIsWritten() {
        const QTemporaryDir folder;
        LoadOptions options = cachedIn(folder.filePath(QStringLiteral("cache")));
        options.packedCacheBytes = 0;
        Run run(folder.path(), options);
        QCOMPARE(run.cacheUse(), QStringLiteral("off"));
        QVERIFY(!run.wasPreparing());
        QVERIFY(!QDir(folder.filePath(QStringLiteral("cache"))).exists());
    }

    void aFolderThatCannotBeWrittenCostsANoteAndNothingElse() {
        const QTemporaryDir folder;
        QFile file(folder.filePath(QStringLiteral("file")));
        QVERIFY(file.open(QIODevice::WriteOnly));
        Run run(folder.path(), cachedIn(file.fileName() + QStringLiteral("/cache")));
        QCOMPARE(run.cacheUse(), QStringLiteral("failed"));
        const std::vector<std::string> warnings = run.service().model().info.warnings;
        QVERIFY(!warnings.empty());
        const QString note = QString::fromStdString(warnings.front());
        QVERIFY2(note.contains(file.fileName()), qPrintable(note));
        QVERIFY(!run.ask(QStringLiteral("Hallo")).isEmpty());
    }

private:
    static LoadOptions cachedIn(const QString& folder) {
        LoadOptions options;
        options.cacheDirectory = folder.toStdString();
        return options;
    }
};

}  // namespace apertura

QTEST_GUILESS_MAIN(apertura::PackedLoadTest)
#include "packed_load_test.moc"
