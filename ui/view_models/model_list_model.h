// The models that can be picked: the demo variants and the user's folders.
#pragma once

#include <QUrl>
#include <QtQml/qqmlregistration.h>

#include "app/conversation/chat_service.h"
#include "app/settings/model_library.h"
#include "ui/view_models/row_list_model.h"

namespace apertura {

class ModelListModel : public RowListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("The chat has one list")
    // What the model in force says about itself, for the panel; empty until it is loaded.
    Q_PROPERTY(QString currentName READ currentName NOTIFY currentChanged)
    Q_PROPERTY(QString currentLabel READ currentLabel NOTIFY currentChanged)  // with its precision
    Q_PROPERTY(QString currentDetails READ currentDetails NOTIFY currentChanged)
    Q_PROPERTY(bool currentIsDemo READ currentIsDemo NOTIFY currentChanged)
    // Why the last folder could not be added: one sentence, else empty.
    Q_PROPERTY(QString addProblem READ addProblem NOTIFY addProblemChanged)

public:
    enum Role {
        PathRole = Qt::UserRole,
        NameRole,
        DisplayNameRole,  // NameRole for the eye: laid out by the direction of its majority
        PrecisionRole,
        SizeRole,  // "391 MB"
        ProblemRole,
        DemoRole,
        CurrentRole,
    };

    // Threads: the UI thread. Both outlive the model.
    ModelListModel(ChatService& service, ModelLibrary& library, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    QString currentName() const;
    QString currentLabel() const;
    QString currentDetails() const;
    bool currentIsDemo() const;
    QString addProblem() const { return m_addProblem; }

    // Nothing happens where that model is loaded or being loaded.
    Q_INVOKABLE void load(const QString& path);
    // Adds the folder and loads it; `folder` is a file URL of a folder dialog.
    Q_INVOKABLE void addFolder(const QUrl& folder);
    Q_INVOKABLE void remove(const QString& path);
    Q_INVOKABLE void dismissProblem();

Q_SIGNALS:
    void currentChanged();
    void addProblemChanged();

private:
    struct Row {
        QString path;
        QString name;
        QString precision;
        QString size;
        QString problem;
        bool isDemo = false;
        bool current = false;

        bool operator==(const Row&) const = default;
        bool isSameRow(const Row& other) const { return path == other.path; }
    };

    void refresh();
    const Row* currentRow() const;
    void setAddProblem(const QString& sentence);

    ChatService& m_service;
    ModelLibrary& m_library;
    QVector<Row> m_rows;
    QString m_addProblem;
};

}  // namespace apertura
