#include "ui/view_models/table_cell_model.h"

#include <algorithm>

namespace apertura {

int TableCellModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_table.cells.size());
}

QVariant TableCellModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) {
        return {};
    }
    const TableCell& cell = m_table.cells[index.row()];
    switch (role) {
        case RunRole:
            return QVariant::fromValue(cell.run);
        case HeaderRole:
            return cell.isHeader;
        default:
            return {};
    }
}

QHash<int, QByteArray> TableCellModel::roleNames() const {
    return {{RunRole, "run"}, {HeaderRole, "header"}};
}

void TableCellModel::setTable(const TableContent& table) {
    if (m_table == table) {
        return;
    }
    const int before = rowCount();
    const int after = static_cast<int>(table.cells.size());
    const int kept = std::min(before, after);
    if (after < before) {
        beginRemoveRows({}, after, before - 1);
        m_table.cells.resize(after);
        endRemoveRows();
    }
    if (after > before) {
        beginInsertRows({}, before, after - 1);
        m_table = table;
        endInsertRows();
    }
    m_table = table;
    if (kept > 0) {
        Q_EMIT dataChanged(index(0), index(kept - 1));
    }
    Q_EMIT tableChanged();
}

}  // namespace apertura
