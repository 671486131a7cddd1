// The one place where it is decided what computes.
#pragma once

#include <memory>
#include <string>

#include "inference/backend/backend.h"
#include "inference/options.h"
#include "inference/status.h"

namespace apertura {

struct ChosenBackend {
    std::unique_ptr<Backend> backend;
    std::string reason;  // why this one, in a sentence
};

// Errors: unsupported (a backend asked for by name that this build does not have), invalidRequest
// (threads < 0).
Result<ChosenBackend> makeBackend(const LoadOptions& options);

}  // namespace apertura
