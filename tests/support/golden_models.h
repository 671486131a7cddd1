// A backend against the results recorded beside golden checkpoints (expected.safetensors): logits,
// greedy ids and losses, through the engine.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "inference/options.h"
#include "tests/support/cases.h"

namespace apertura::test {

// Of logits, to the recorded float32 ones.
struct GoldenLimits {
    double largest = 0.0;
    double rms = 0.0;
    double kl = 0.0;  // nats
};

// One case a model folder. `obstacle` says why the backend cannot be tested here; empty: it can.
std::vector<Case> goldenModelCases(
    BackendChoice backend, const GoldenLimits& limits,
    const std::function<std::string()>& obstacle = [] { return std::string(); });

}  // namespace apertura::test
