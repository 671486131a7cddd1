// The turns of the open conversation, one row each. A streaming answer changes its own row only.
#pragma once

#include <memory>
#include <vector>

#include <QAbstractListModel>
#include <QtQml/qqmlregistration.h>

#include "app/conversation/chat_service.h"
#include "ui/view_models/block_model.h"

namespace apertura {

class MessageModel : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Messages belong to the chat")
    Q_PROPERTY(int count READ count NOTIFY countChanged)

public:
    enum Kind { User, Answer };
    Q_ENUM(Kind)
    enum Role {
        KindRole = Qt::UserRole,
        IdRole,
        BlocksRole,      // BlockModel*
        SourceTextRole,  // as written, for copying and editing
        ThoughtsRole,
        WaitingRole,  // being answered, and no text yet
        QueuedRole,
        ActiveRole,  // being answered or queued
        NoticeRole,  // how it ended where that wants saying; else empty
        ErrorRole,
        ContextFullRole,
        VersionRole,  // 1-based
        VersionCountRole,
        FooterRole,   // "model · 43.1 tok/s · 0.421 s"
        DetailsRole,  // the same in full, a line per figure
        LastRole,
        SpokenRole,  // for screen readers; empty until the answer has ended
    };

    // Threads: the UI thread. `service` outlives the model.
    explicit MessageModel(ChatService& service, QObject* parent = nullptr);

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    int count() const { return rowCount(); }
    // Null where there is none.
    const ChatTurn* last() const { return m_rows.empty() ? nullptr : &m_rows.back().turn; }
    const ChatTurn* lastAnswer() const;
    const ChatTurn* turnWithId(qint64 id) const;
    bool isAnswering() const;  // the last row is an answer being written or queued

Q_SIGNALS:
    void countChanged();
    void answeringChanged();

private:
    struct Row {
        ChatTurn turn;
        std::unique_ptr<BlockModel> blocks;
    };

    void reset();
    void appendTurn();
    void changeTurn(int index);
    Row makeRow(const ChatTurn& turn);
    void setTurn(int index, const ChatTurn& turn);
    void insertFrom(int index, const QVector<ChatTurn>& turns);
    void lastRoleChanged(int row);

    ChatService& m_service;
    std::vector<Row> m_rows;
};

}  // namespace apertura
