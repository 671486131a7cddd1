// The tiny model with the toy tokenizer behind the engine's public interface.
#pragma once

#include <memory>

#include "inference/backend/backend.h"
#include "inference/engine.h"
#include "tests/support/tiny_model.h"

namespace apertura::test {

struct TinyLocalOptions {
    int threads = 1;
    std::string templateText;          // empty: the checkpoint has none
    std::unique_ptr<Backend> backend;  // null: the reference backend with `threads`
};

// Aborts if it cannot be made.
std::shared_ptr<Model> makeTinyLocalModel(const TinyModel& model, TinyLocalOptions options = {});
std::unique_ptr<Session> makeTinySession(Model& model, std::int64_t contextSize);

// A greedy request for ids, end of sequence ignored.
Request greedyRequest(std::vector<TokenId> ids, std::int64_t maxTokens);

}  // namespace apertura::test
