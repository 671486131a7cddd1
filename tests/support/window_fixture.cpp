#include "tests/support/window_fixture.h"

#include <QLocale>
#include <QQuickItem>
#include <QtQml/qqmlextensionplugin.h>

Q_IMPORT_QML_PLUGIN(AperturaPlugin)

namespace apertura::test {
namespace {

void collect(QQuickItem* item, const QString& objectName, QVector<QQuickItem*>& found) {
    if (!item->isVisible()) {
        return;
    }
    if (item->objectName() == objectName) {
        found.append(item);
    }
    for (QQuickItem* child : item->childItems()) {
        collect(child, objectName, found);
    }
}

}  // namespace

QQuickWindow* openMainWindow(QQmlApplicationEngine& engine, ChatViewModel& viewModel,
                             QStringList& messages) {
    QObject::connect(&engine, &QQmlEngine::warnings, &engine,
                     [&messages](const QList<QQmlError>& all) {
                         for (const QQmlError& each : all) {
                             messages.append(each.toString());
                         }
                     });
    engine.addImportPath(QStringLiteral("qrc:/qt/qml"));
    engine.setInitialProperties({{QStringLiteral("viewModel"), QVariant::fromValue(&viewModel)}});
    engine.load(QUrl(QStringLiteral("qrc:/qt/qml/Apertura/Main.qml")));
    return qobject_cast<QQuickWindow*>(engine.rootObjects().value(0));
}

QVector<QQuickItem*> visibleItems(QQuickWindow* window, const char* objectName) {
    QVector<QQuickItem*> found;
    collect(window->contentItem(), QString::fromLatin1(objectName), found);
    return found;
}

QString textOf(const QQuickItem* item) {
    return item ? item->property("text").toString() : QString();
}

WindowFixture::WindowFixture() {
    // Numbers are written as the reader's system has them; tests read them as English has them.
    QLocale::setDefault(QLocale(QLocale::English, QLocale::UnitedStates));
    // What the model list marks as current is the demo variant that the service says is loaded.
    ModelStatus status = service.model();
    status.path = library.preferredModel();
    service.setModelStatus(status);
}

QQuickWindow* WindowFixture::open(const QSize& size) {
    settings.setWindowGeometry(QRect(QPoint(0, 0), size));
    m_window = openMainWindow(engine, viewModel, m_messages);
    if (m_window) {
        m_window->resize(size);
    }
    return m_window;
}

QQuickItem* WindowFixture::item(const char* objectName) const {
    return items(objectName).value(0);
}

QVector<QQuickItem*> WindowFixture::items(const char* objectName) const {
    return visibleItems(m_window, objectName);
}

}  // namespace apertura::test
