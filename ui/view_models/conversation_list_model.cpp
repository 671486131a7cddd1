#include "ui/view_models/conversation_list_model.h"

#include <algorithm>
#include <utility>

#include <QDateTime>
#include <QLocale>

#include "ui/view_models/text_direction.h"

namespace apertura {

QString daySection(const QDate& day, const QDate& today) {
    const qint64 age = day.daysTo(today);
    if (age <= 0) {
        return ConversationListModel::tr("Today");
    }
    if (age == 1) {
        return ConversationListModel::tr("Yesterday");
    }
    if (age <= 7) {
        return ConversationListModel::tr("Last 7 days");
    }
    if (age <= 30) {
        return ConversationListModel::tr("Last 30 days");
    }
    return QLocale().standaloneMonthName(day.month()) + u' ' + QString::number(day.year());
}

ConversationListModel::ConversationListModel(ChatService& service, QObject* parent)
    : RowListModel(parent), m_service(service) {
    connect(&service, &ChatService::conversationsChanged, this, &ConversationListModel::refresh);
    connect(&service, &ChatService::currentConversationChanged, this,
            &ConversationListModel::refresh);
    refresh();
}

int ConversationListModel::rowCount(const QModelIndex& parent) const {
    return parent.isValid() ? 0 : static_cast<int>(m_rows.size());
}

QVariant ConversationListModel::data(const QModelIndex& index, int role) const {
    if (!checkIndex(index, CheckIndexOption::IndexIsValid)) {
        return {};
    }
    const Row& row = m_rows[index.row()];
    switch (role) {
        case IdRole:
            return row.id;
        case Qt::DisplayRole:
        case TitleRole:
            return row.title;
        case DisplayTitleRole:
            return withDirectionMark(row.title);
        case HeadingRole:
            return row.heading;
        case CurrentRole:
            return row.current;
        case AnsweringRole:
            return row.answering;
        case QueuePositionRole:
            return row.queuePosition;
        case UnreadRole:
            return row.unread;
        case MarkRole:
            return markText(row);
        default:
            return {};
    }
}

QHash<int, QByteArray> ConversationListModel::roleNames() const {
    return {{IdRole, "conversationId"},
            {TitleRole, "title"},
            {DisplayTitleRole, "displayTitle"},
            {HeadingRole, "heading"},
            {CurrentRole, "current"},
            {AnsweringRole, "answering"},
            {QueuePositionRole, "queuePosition"},
            {UnreadRole, "unread"},
            {MarkRole, "mark"}};
}

void ConversationListModel::setFilter(const QString& filter) {
    if (m_filter == filter) {
        return;
    }
    m_filter = filter;
    refresh();
    Q_EMIT filterChanged();
}

QString ConversationListModel::titleOf(qint64 id) const {
    for (const ConversationSummary& each : m_service.conversations()) {
        if (each.id == id) {
            return each.title;
        }
    }
    return QString();
}

qint64 ConversationListModel::neighbour(int step) const {
    const auto current =
        std::find_if(m_rows.begin(), m_rows.end(), [](const Row& row) { return row.current; });
    // From a new chat, which has no row yet, one step down is the first row.
    const qsizetype at = current == m_rows.end() ? -1 : current - m_rows.begin();
    const qsizetype wanted = at + step;
    return wanted >= 0 && wanted < m_rows.size() ? m_rows[wanted].id : 0;
}

void ConversationListModel::open(qint64 id) {
    m_service.openConversation(id);
}

void ConversationListModel::rename(qint64 id, const QString& title) {
    if (const QString clean = title.simplified(); !clean.isEmpty()) {
        m_service.renameConversation(id, clean);
    }
}

void ConversationListModel::remove(qint64 id) {
    m_service.deleteConversation(id);
}

void ConversationListModel::withdraw(qint64 id) {
    m_service.withdraw(id);
}

void ConversationListModel::refresh() {
    const QDate today = QDate::currentDate();
    const qint64 current = m_service.currentConversation();
    QVector<Row> fresh;
    QString section;
    for (const ConversationSummary& each : m_service.conversations()) {
        if (!m_filter.isEmpty() && !each.title.contains(m_filter, Qt::CaseInsensitive)) {
            continue;
        }
        const QDate day = QDateTime::fromMSecsSinceEpoch(each.updatedMs).date();
        const QString previous = std::exchange(section, daySection(day, today));
        fresh.append(Row{each.id, each.title, section == previous ? QString() : section,
                         each.id == current, each.answering, each.queuePosition, each.unread});
    }
    const int before = count();
    assignRows(m_rows, fresh);
    if (before != count()) {
        Q_EMIT countChanged();
    }
}

QString ConversationListModel::markText(const Row& row) {
    if (row.answering) {
        return tr("being answered");
    }
    if (row.queuePosition > 0) {
        return tr("waiting, number %1 in line").arg(row.queuePosition);
    }
    return row.unread ? tr("new answer") : QString();
}

}  // namespace apertura
