// The blocks that a message is drawn as: runs of text, code, tables, rules.
#pragma once

#include <QString>
#include <QVector>
#include <QtQml/qqmlregistration.h>

#include "ui/view_models/text_run.h"

namespace apertura {

struct TableCell {
    TextRun run;  // one paragraph
    bool isHeader = false;

    bool operator==(const TableCell&) const = default;
};

// A value that QML hands to TableCellModel.
class TableContent {
    Q_GADGET
    QML_VALUE_TYPE(tableContent)

public:
    int columns = 0;
    QVector<TableCell> cells;  // [rows, columns], row-major, the header row first

    bool operator==(const TableContent&) const = default;
};

struct MessageBlock {
    enum class Kind { text, code, table, rule };

    Kind kind = Kind::text;
    int quoteDepth = 0;  // 0 outside quotes
    int listDepth = 0;   // of code, tables and rules inside list items
    TextRun run;         // of text; of code a paragraph per line
    QString language;    // of code, as the fence names it; may be empty
    TableContent table;

    bool operator==(const MessageBlock&) const = default;
};

}  // namespace apertura
