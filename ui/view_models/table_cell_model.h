// The cells of one table, row by row, for a grid of delegates.
#pragma once

#include <QAbstractListModel>
#include <QtQml/qqmlregistration.h>

#include "ui/view_models/message_block.h"

namespace apertura {

class TableCellModel : public QAbstractListModel {
    Q_OBJECT
    QML_ELEMENT
    Q_PROPERTY(apertura::TableContent table READ table WRITE setTable NOTIFY tableChanged)
    Q_PROPERTY(int columns READ columns NOTIFY tableChanged)

public:
    enum Role { RunRole = Qt::UserRole, HeaderRole };

    using QAbstractListModel::QAbstractListModel;

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QHash<int, QByteArray> roleNames() const override;

    TableContent table() const { return m_table; }
    void setTable(const TableContent& table);
    int columns() const { return m_table.columns; }

Q_SIGNALS:
    void tableChanged();

private:
    TableContent m_table;
};

}  // namespace apertura
