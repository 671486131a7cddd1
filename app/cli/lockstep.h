// Two sessions score the same ids at once, position by position: only one row of logits of each is
// held, where whole windows of both would be gigabytes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>

#include "inference/engine.h"

namespace apertura::cli {

// Calls onRows(position, logits of a, logits of b) for every position in order, on the calling
// thread. Errors: those of either session; the other is stopped then.
Result<void> scoreInLockstep(
    Session& a, Session& b, std::span<const TokenId> ids,
    const std::function<void(std::int64_t, std::span<const float>, std::span<const float>)>& onRows,
    const std::stop_token& stop);

}  // namespace apertura::cli
