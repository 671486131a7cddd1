// The edge of the engine: what is thrown inside comes out as a Result.
#pragma once

#include <new>
#include <stdexcept>
#include <string>

#include "inference/backend/backend.h"
#include "inference/status.h"

namespace apertura {

// What `work` returns. Errors: outOfMemory where memory runs out ("There is not enough memory to
// DOING."), deviceLost where a device fails.
template <typename ResultType, typename Work>
ResultType guarded(const std::string& doing, const Work& work) {
    const auto outOfMemory = [&doing] {
        return Error{ErrorCode::outOfMemory, "There is not enough memory to " + doing + "."};
    };
    try {
        return work();
    } catch (const std::bad_alloc&) {
        return outOfMemory();
    } catch (const std::length_error&) {  // more than any memory could hold
        return outOfMemory();
    } catch (const DeviceError& error) {
        return Error{ErrorCode::deviceLost, error.what()};
    }
}

}  // namespace apertura
