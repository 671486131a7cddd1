// The one place where it is decided what computes.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "inference/backend/backend.h"
#include "inference/options.h"
#include "inference/status.h"

namespace apertura {

// What the models of one engine share where they compute; empty at first, filled by makeBackend.
using SharedByModels = std::shared_ptr<void>;

struct ChosenBackend {
    std::unique_ptr<Backend> backend;
    std::string reason;  // why this one, in a sentence
    // What computes instead where prepare() fails; empty where this backend was asked for by name.
    std::function<std::unique_ptr<Backend>()> fallback = {};
};

// Errors: unsupported (a backend asked for by name that this build or machine does not have),
// invalidRequest (threads < 0).
Result<ChosenBackend> makeBackend(const LoadOptions& options, SharedByModels& shared);
// For a model on its own.
Result<ChosenBackend> makeBackend(const LoadOptions& options);

}  // namespace apertura
