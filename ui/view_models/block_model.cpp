#include "ui/view_models/block_model.h"

namespace apertura {
namespace {

bool startsRightToLeft(const TextRun& run) {
    return !run.paragraphs.isEmpty() && run.paragraphs.first().rightToLeft;
}

bool readsRightToLeft(const MessageBlock& block) {
    const QVector<TableCell>& cells = block.table.cells;
    return startsRightToLeft(block.run) ||
           (!cells.isEmpty() && startsRightToLeft(cells.first().run));
}

}  // namespace

int BlockModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_blocks.size());
}

QVariant BlockModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) {
        return {};
    }
    const MessageBlock& block = m_blocks[index.row()];
    switch (role) {
        case KindRole:
            return static_cast<int>(block.kind);
        case RunRole:
            return QVariant::fromValue(block.run);
        case QuoteDepthRole:
            return block.quoteDepth;
        case ListDepthRole:
            return block.listDepth;
        case LanguageRole:
            return block.language;
        case TableRole:
            return QVariant::fromValue(block.table);
        case RightToLeftRole:
            return readsRightToLeft(block);
        default:
            return {};
    }
}

QHash<int, QByteArray> BlockModel::roleNames() const {
    return {{KindRole, "kind"},
            {RunRole, "run"},
            {QuoteDepthRole, "quoteDepth"},
            {ListDepthRole, "listDepth"},
            {LanguageRole, "language"},
            {TableRole, "table"},
            {RightToLeftRole, "rightToLeft"}};
}

void BlockModel::setMarkdown(const QString& text) {
    show(m_stream.blocks(text));
}

void BlockModel::setPlainText(const QString& text) {
    show(plainTextBlocks(text));
}

void BlockModel::show(const QVector<MessageBlock>& fresh) {
    qsizetype kept = 0;
    while (kept < m_blocks.size() && kept < fresh.size() &&
           m_blocks[kept].kind == fresh[kept].kind) {
        if (!(m_blocks[kept] == fresh[kept])) {
            m_blocks[kept] = fresh[kept];
            Q_EMIT dataChanged(index(static_cast<int>(kept)), index(static_cast<int>(kept)));
        }
        ++kept;
    }
    if (kept < m_blocks.size()) {
        beginRemoveRows({}, static_cast<int>(kept), static_cast<int>(m_blocks.size()) - 1);
        m_blocks.resize(kept);
        endRemoveRows();
    }
    if (kept < fresh.size()) {
        beginInsertRows({}, static_cast<int>(kept), static_cast<int>(fresh.size()) - 1);
        m_blocks = fresh;
        endInsertRows();
    }
}

}  // namespace apertura
