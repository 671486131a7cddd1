#include "app/conversation/request_queue.h"

#include <utility>

namespace apertura {

void RequestQueue::push(AnswerJob job) {
    CHECK(!find(job.conversation->id()));
    m_jobs.push_back(std::move(job));
}

std::optional<AnswerJob> RequestQueue::takeFirst() {
    if (m_jobs.empty()) {
        return std::nullopt;
    }
    AnswerJob job = std::move(m_jobs.front());
    m_jobs.pop_front();
    return job;
}

std::optional<AnswerJob> RequestQueue::withdraw(qint64 conversationId) {
    const int position = positionOf(conversationId);
    if (position == 0) {
        return std::nullopt;
    }
    const auto at = m_jobs.begin() + (position - 1);
    AnswerJob job = std::move(*at);
    m_jobs.erase(at);
    return job;
}

int RequestQueue::positionOf(qint64 conversationId) const {
    for (std::size_t i = 0; i < m_jobs.size(); ++i) {
        if (m_jobs[i].conversation->id() == conversationId) {
            return static_cast<int>(i) + 1;
        }
    }
    return 0;
}

const AnswerJob* RequestQueue::find(qint64 conversationId) const {
    const int position = positionOf(conversationId);
    return position == 0 ? nullptr : &m_jobs[static_cast<std::size_t>(position) - 1];
}

}  // namespace apertura
