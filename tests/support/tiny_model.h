// A random Apertus of 2 layers made in memory, in any weight form, with a plain float64 forward
// pass that shares no code with the engine.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "inference/weights/checkpoint.h"
#include "tests/support/random_linear.h"

namespace apertura::test {

struct TinyLayer {
    std::vector<double> query, key, value, output, up, down;  // [O, I], adapters added
};

struct TinyModel {
    std::shared_ptr<const ModelWeights> weights;
    std::vector<double> embedding;  // [V, H]
    std::vector<TinyLayer> layers;
    std::vector<double> head;  // [V, H]
};

// H 64, 4 query heads over 2 KV heads of 16, F 96, V 160; llama3 RoPE with original length 16;
// context 1024. Embedding and head are dense in any case.
TinyModel makeTinyModel(LinearForm form, unsigned seed = 1);

// Logits of every position, [T, V], from the definition (apertus.md: norms, GQA, rotate-half RoPE,
// xIELU).
std::vector<double> naiveLogits(const TinyModel& model, std::span<const TokenId> ids);

}  // namespace apertura::test
