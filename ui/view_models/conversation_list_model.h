// The conversations, newest first, in sections by day.
#pragma once

#include <QDate>
#include <QtQml/qqmlregistration.h>

#include "app/conversation/chat_service.h"
#include "ui/view_models/row_list_model.h"

namespace apertura {

// "Today", "Yesterday", "Last 7 days", "Last 30 days", else the month.
QString daySection(const QDate& day, const QDate& today);

class ConversationListModel : public RowListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("The chat has one list")
    Q_PROPERTY(int count READ count NOTIFY countChanged)
    // Shows only titles that contain this, whatever the case; empty shows all.
    Q_PROPERTY(QString filter READ filter WRITE setFilter NOTIFY filterChanged)

public:
    enum Role {
        IdRole = Qt::UserRole,
        TitleRole,         // as stored, for editing
        DisplayTitleRole,  // with its direction
        HeadingRole,       // the day section that begins with this row; else empty
        CurrentRole,
        AnsweringRole,
        QueuePositionRole,  // 0 = nothing waits
        UnreadRole,
        MarkRole,  // the marks in words: tooltip and screen readers
    };

    // Threads: the UI thread. `service` outlives the model.
    explicit ConversationListModel(ChatService& service, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    int count() const { return rowCount(); }
    QString filter() const { return m_filter; }
    void setFilter(const QString& filter);
    QString titleOf(qint64 id) const;
    // The conversation `step` rows below the current one; 0 at the ends.
    qint64 neighbour(int step) const;

    Q_INVOKABLE void open(qint64 id);
    Q_INVOKABLE void rename(qint64 id, const QString& title);
    Q_INVOKABLE void remove(qint64 id);
    Q_INVOKABLE void withdraw(qint64 id);

Q_SIGNALS:
    void countChanged();
    void filterChanged();

private:
    struct Row {
        qint64 id = 0;
        QString title;
        QString heading;
        bool current = false;
        bool answering = false;
        int queuePosition = 0;
        bool unread = false;

        bool operator==(const Row&) const = default;
        bool isSameRow(const Row& other) const { return id == other.id; }
    };

    void refresh();
    static QString markText(const Row& row);

    ChatService& m_service;
    QString m_filter;
    QVector<Row> m_rows;
};

}  // namespace apertura
