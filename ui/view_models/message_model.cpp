#include "ui/view_models/message_model.h"

#include <algorithm>

#include "ui/view_models/turn_text.h"

namespace apertura {
namespace {

// A model writes Markdown; what a person typed is shown as it was typed.
void showText(BlockModel& blocks, const ChatTurn& turn) {
    if (turn.role == Role::assistant) {
        blocks.setMarkdown(turn.text);
    } else {
        blocks.setPlainText(turn.text);
    }
}

}  // namespace

MessageModel::MessageModel(ChatService& service, QObject* parent)
    : QAbstractListModel(parent), m_service(service) {
    connect(&service, &ChatService::turnsReset, this, &MessageModel::reset);
    connect(&service, &ChatService::turnAppended, this, &MessageModel::appendTurn);
    connect(&service, &ChatService::turnChanged, this, &MessageModel::changeTurn);
    reset();
}

int MessageModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant MessageModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) {
        return {};
    }
    const Row& row = m_rows[static_cast<std::size_t>(index.row())];
    const ChatTurn& turn = row.turn;
    switch (role) {
        case KindRole:
            return turn.role == apertura::Role::assistant ? Answer : User;
        case IdRole:
            return turn.id;
        case BlocksRole:
            return QVariant::fromValue(row.blocks.get());
        case Qt::DisplayRole:
        case SourceTextRole:
            return turn.text;
        case ThoughtsRole:
            return turn.thoughts;
        case WaitingRole:
            return isBeingAnswered(turn) && turn.text.isEmpty();
        case QueuedRole:
            return turn.queued;
        case ActiveRole:
            return isBeingAnswered(turn);
        case NoticeRole:
            return noticeText(turn);
        case ErrorRole:
            return turn.state == MessageState::failed;
        case ContextFullRole:
            return turn.state == MessageState::contextFull;
        case VersionRole:
            return turn.version;
        case VersionCountRole:
            return turn.versionCount;
        case FooterRole:
            return footerText(turn);
        case DetailsRole:
            return detailsText(turn);
        case LastRole:
            return index.row() == rowCount() - 1;
        case SpokenRole:
            return isBeingAnswered(turn) ? QString() : turn.text;
        default:
            return {};
    }
}

QHash<int, QByteArray> MessageModel::roleNames() const {
    return {{KindRole, "kind"},
            {IdRole, "messageId"},
            {BlocksRole, "blocks"},
            {SourceTextRole, "sourceText"},
            {ThoughtsRole, "thoughts"},
            {WaitingRole, "waiting"},
            {QueuedRole, "queued"},
            {ActiveRole, "active"},
            {NoticeRole, "notice"},
            {ErrorRole, "failed"},
            {ContextFullRole, "contextFull"},
            {VersionRole, "version"},
            {VersionCountRole, "versionCount"},
            {FooterRole, "footer"},
            {DetailsRole, "details"},
            {LastRole, "last"},
            {SpokenRole, "spoken"}};
}

const ChatTurn* MessageModel::lastAnswer() const {
    for (auto row = m_rows.rbegin(); row != m_rows.rend(); ++row) {
        if (row->turn.role == apertura::Role::assistant) {
            return &row->turn;
        }
    }
    return nullptr;
}

const ChatTurn* MessageModel::turnWithId(qint64 id) const {
    const auto row = std::find_if(m_rows.begin(), m_rows.end(),
                                  [id](const Row& each) { return each.turn.id == id; });
    return row == m_rows.end() ? nullptr : &row->turn;
}

bool MessageModel::isAnswering() const {
    return !m_rows.empty() && isBeingAnswered(m_rows.back().turn);
}

// Rows that both paths share stay: another version further down does not redraw what is above it.
void MessageModel::reset() {
    const QVector<ChatTurn> turns = m_service.turns();
    const auto isKept = [&](int i) {
        const ChatTurn& turn = m_rows[static_cast<std::size_t>(i)].turn;
        return turn.id == turns[i].id && turn.role == turns[i].role;
    };
    int kept = 0;
    while (kept < rowCount() && kept < static_cast<int>(turns.size()) && isKept(kept)) {
        setTurn(kept, turns[kept]);
        ++kept;
    }
    if (kept < rowCount()) {
        beginRemoveRows({}, kept, rowCount() - 1);
        m_rows.erase(m_rows.begin() + kept, m_rows.end());
        endRemoveRows();
        lastRoleChanged(kept - 1);
    }
    insertFrom(kept, turns);
    Q_EMIT countChanged();
    Q_EMIT answeringChanged();
}

void MessageModel::appendTurn() {
    insertFrom(rowCount(), m_service.turns());
    Q_EMIT countChanged();
    Q_EMIT answeringChanged();
}

void MessageModel::changeTurn(int index) {
    const QVector<ChatTurn> turns = m_service.turns();
    if (index < 0 || index >= rowCount() || index >= static_cast<int>(turns.size())) {
        return;
    }
    const bool wasAnswering = isAnswering();
    setTurn(index, turns[index]);
    if (wasAnswering != isAnswering()) {
        Q_EMIT answeringChanged();
    }
}

MessageModel::Row MessageModel::makeRow(const ChatTurn& turn) {
    Row row{turn, std::make_unique<BlockModel>(this)};
    showText(*row.blocks, turn);
    return row;
}

void MessageModel::setTurn(int index, const ChatTurn& turn) {
    Row& row = m_rows[static_cast<std::size_t>(index)];
    const QString before = std::exchange(row.turn, turn).text;
    if (before != turn.text) {
        showText(*row.blocks, turn);
    }
    Q_EMIT dataChanged(this->index(index), this->index(index));
}

void MessageModel::insertFrom(int index, const QVector<ChatTurn>& turns) {
    if (index >= static_cast<int>(turns.size())) {
        return;
    }
    beginInsertRows({}, index, static_cast<int>(turns.size()) - 1);
    for (int i = index; i < static_cast<int>(turns.size()); ++i) {
        m_rows.push_back(makeRow(turns[i]));
    }
    endInsertRows();
    lastRoleChanged(index - 1);
}

void MessageModel::lastRoleChanged(int row) {
    if (row >= 0) {
        Q_EMIT dataChanged(index(row), index(row), {LastRole});
    }
}

}  // namespace apertura
