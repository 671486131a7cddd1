#include "app/conversation/shown_turns.h"

#include <algorithm>
#include <utility>

namespace apertura {

void ShownTurns::replace(const QVector<qint64>& ids) {
    m_ids = ids;
    Q_EMIT wereReset();
}

void ShownTurns::update(const QVector<qint64>& ids) {
    const QVector<qint64> before = std::exchange(m_ids, ids);
    const qsizetype common = std::min(before.size(), ids.size());
    const qsizetype equal =
        std::mismatch(before.begin(), before.begin() + common, ids.begin()).first - before.begin();
    if (ids.size() == before.size() + 1 && equal == before.size()) {
        Q_EMIT appended();
    } else if (ids.size() != before.size() || equal + 1 < ids.size()) {
        Q_EMIT wereReset();
    } else if (!ids.isEmpty()) {
        Q_EMIT changed(static_cast<int>(ids.size()) - 1);
    }
}

}  // namespace apertura
