#include "inference/model/local_model.h"

#include <algorithm>

#include "inference/model/session.h"

namespace apertura {

Result<std::unique_ptr<Session>> LocalModel::newSession(const SessionOptions& options) {
    const std::int64_t maximum = m_model->info.maximumContext;
    const std::int64_t size =
        options.contextSize == 0 ? std::min(maximum, kDefaultContext) : options.contextSize;
    if (size > maximum) {
        return Error{ErrorCode::invalidRequest,
                     "A context of " + std::to_string(size) +
                         " tokens was asked for, but the model's maximum is " +
                         std::to_string(maximum) + "."};
    }
    if (size < kSmallestContext) {
        return Error{ErrorCode::contextTooSmall,
                     "A context of " + std::to_string(size) + " tokens was asked for, but " +
                         std::to_string(kSmallestContext) + " are the least that is of use."};
    }
    return LocalSession::create(m_model, size, options.kv);
}

}  // namespace apertura
