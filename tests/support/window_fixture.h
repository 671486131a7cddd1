// The real Main.qml over the fake service, in an offscreen window.
#pragma once

#include <memory>

#include <QQmlApplicationEngine>
#include <QQuickWindow>
#include <QStringList>
#include <QTemporaryDir>

#include "app/settings/model_library.h"
#include "app/settings/settings.h"
#include "tests/support/fake_chat_service.h"
#include "ui/view_models/chat_view_model.h"

namespace apertura::test {

// Imports the QML module and loads Main.qml over `viewModel`; null where that failed. QML's
// warnings are appended to `messages`, which outlives the engine.
QQuickWindow* openMainWindow(QQmlApplicationEngine& engine, ChatViewModel& viewModel,
                             QStringList& messages);
// All visible items of that object name, in the order of the tree.
QVector<QQuickItem*> visibleItems(QQuickWindow* window, const char* objectName);
QString textOf(const QQuickItem* item);

class WindowFixture {
public:
    WindowFixture();

    FakeChatService service;
    QTemporaryDir folder;
    Settings settings{folder.path()};
    ModelLibrary library{QStringLiteral(APERTURA_SOURCE_DIR "/resources/demo-model"), settings};
    ChatViewModel viewModel{service, settings, library};
    QQmlApplicationEngine engine;

    // Loads the window; null where that failed. `messages()` says why.
    QQuickWindow* open(const QSize& size);
    QQuickWindow* window() const { return m_window; }
    // The first item of that object name which is visible; null where there is none.
    QQuickItem* item(const char* objectName) const;
    // All visible ones, in the order of the tree.
    QVector<QQuickItem*> items(const char* objectName) const;
    QStringList messages() const { return m_messages; }

private:
    QQuickWindow* m_window = nullptr;
    QStringList m_messages;
};

}  // namespace apertura::test
