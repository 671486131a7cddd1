// The user's choices and the window's last state, in settings.ini of the data folder.
#pragma once

#include <memory>

#include <QObject>
#include <QRect>
#include <QString>
#include <QStringList>

namespace apertura {

enum class ColourScheme { system, light, dark };

// Threads: the UI thread only. A value is written when it is set, and on disk after sync() or a
// second later.
class Settings : public QObject {
    Q_OBJECT

public:
    // `dataFolder` exists. A damaged file counts as empty and is kept beside as
    // settings.ini.damaged.
    explicit Settings(const QString& dataFolder, QObject* parent = nullptr);
    ~Settings() override;

    ColourScheme colourScheme() const;
    void setColourScheme(ColourScheme scheme);
    int textScalePercent() const;  // 80 to 200, default 100
    void setTextScalePercent(int percent);
    bool leftPanelOpen() const;
    void setLeftPanelOpen(bool open);
    static constexpr int kUsualLeftPanelWidth = 260;
    int leftPanelWidth() const;  // 200 to 400, before the text's scale
    void setLeftPanelWidth(int width);
    bool rightPanelOpen() const;
    void setRightPanelOpen(bool open);
    QRect windowGeometry() const;  // empty where none was stored
    void setWindowGeometry(const QRect& geometry);
    bool windowMaximized() const;
    void setWindowMaximized(bool maximized);
    qint64 lastConversation() const;  // 0 = none
    void setLastConversation(qint64 id);
    QString lastModel() const;  // a checkpoint folder; empty = none
    void setLastModel(const QString& directory);
    QStringList modelFolders() const;  // added by the user, in that order
    void setModelFolders(const QStringList& directories);
    bool ctrlEnterSends() const;  // default false: Enter sends
    void setCtrlEnterSends(bool ctrlEnter);
    void sync();

Q_SIGNALS:
    void colourSchemeChanged();
    void textScaleChanged();
    void changed();

private:
    class Private;
    std::unique_ptr<Private> m_private;
};

}  // namespace apertura
