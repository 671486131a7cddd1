// The blocks of one message, for the delegates of ui/qml/blocks. While an answer streams, finished
// blocks keep their rows untouched and the last one changes.
#pragma once

#include <QAbstractListModel>
#include <QString>
#include <QVector>
#include <QtQml/qqmlregistration.h>

#include "ui/view_models/markdown_text.h"

namespace apertura {

class BlockModel : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    QML_UNCREATABLE("Blocks come with their message")

public:
    enum Kind { Text, Code, Table, Rule };
    Q_ENUM(Kind)
    enum Role {
        KindRole = Qt::UserRole,
        RunRole,
        QuoteDepthRole,
        ListDepthRole,
        LanguageRole,
        TableRole,
        RightToLeftRole,  // of the first paragraph; code never
    };

    using QAbstractListModel::QAbstractListModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    void setMarkdown(const QString& text);
    void setPlainText(const QString& text);
    const QVector<MessageBlock>& blocks() const { return m_blocks; }
    int parsedParts() const { return m_stream.parsedParts(); }

private:
    void show(const QVector<MessageBlock>& fresh);

    QVector<MessageBlock> m_blocks;
    MarkdownStream m_stream;
};

}  // namespace apertura
