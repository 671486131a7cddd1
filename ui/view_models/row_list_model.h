// A list model that is given whole new rows and tells the view only what differs, so that delegates
// (an open rename field, a scroll position) survive a refresh.
#pragma once

#include <algorithm>

#include <QAbstractListModel>
#include <QVector>
#include <QtQml/qqmlregistration.h>

namespace apertura {

class RowListModel : public QAbstractListModel {
    Q_OBJECT
    QML_ANONYMOUS

public:
    using QAbstractListModel::QAbstractListModel;

protected:
    // Makes `rows` equal to `fresh` by removals, moves, insertions and one dataChanged per
    // differing row. Row: `==`, and `isSameRow(other)` for "the same thing, perhaps changed". No
    // two rows of one list are the same thing.
    template <typename Row>
    void assignRows(QVector<Row>& rows, const QVector<Row>& fresh);

private:
    template <typename Row>
    void removeMissingRows(QVector<Row>& rows, const QVector<Row>& fresh);
};

template <typename Row>
void RowListModel::removeMissingRows(QVector<Row>& rows, const QVector<Row>& fresh) {
    for (int i = static_cast<int>(rows.size()) - 1; i >= 0; --i) {
        const auto isThisRow = [&](const Row& row) { return row.isSameRow(rows[i]); };
        if (std::none_of(fresh.begin(), fresh.end(), isThisRow)) {
            beginRemoveRows({}, i, i);
            rows.removeAt(i);
            endRemoveRows();
        }
    }
}

template <typename Row>
void RowListModel::assignRows(QVector<Row>& rows, const QVector<Row>& fresh) {
    removeMissingRows(rows, fresh);
    for (int i = 0; i < static_cast<int>(fresh.size()); ++i) {
        int found = i;
        while (found < static_cast<int>(rows.size()) && !rows[found].isSameRow(fresh[i])) {
            ++found;
        }
        if (found == static_cast<int>(rows.size())) {
            beginInsertRows({}, i, i);
            rows.insert(i, fresh[i]);
            endInsertRows();
        } else if (found != i) {
            beginMoveRows({}, found, found, {}, i);
            rows.move(found, i);
            endMoveRows();
        }
        if (!(rows[i] == fresh[i])) {
            rows[i] = fresh[i];
            Q_EMIT dataChanged(index(i), index(i));
        }
    }
}

}  // namespace apertura
