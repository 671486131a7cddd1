// Random linears in every form that the canonical types allow, with their weights in float64 beside
// them: written from the layout's definition, apart from what the kernels do.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "kernels/linear.h"

namespace apertura::test {

enum class LinearForm {
    bf16,
    fp16,
    fp32,
    int4Symmetric,
    int8Symmetric,
    int4IntegerZeros,
    int4RealZeros,
    int8RealZeros,
    int4InputScale,
    int4ActOrder,
    int4RowBlocks,  // as SINQ's 2D tiling: blocks of rows with input scales of their own
    int4Adapter,
    bf16Adapter
};

std::vector<LinearForm> allLinearForms();
// Those that are one quantized matrix.
std::vector<LinearForm> quantizedForms();
const char* linearFormName(LinearForm form);

// Owns what its linear points to.
struct RandomLinear {
    kernels::Linear linear;
    std::vector<double> weights;  // [O, I], the adapter's product added
    std::shared_ptr<const void> storage;
};

// Weights of about 1 / sqrt(inputs). Quantized forms need `inputs` a multiple of 8 and use groups
// of `groupSize`.
RandomLinear makeRandomLinear(LinearForm form, std::int64_t outputs, std::int64_t inputs,
                              std::int64_t groupSize, std::mt19937& random);

std::vector<float> randomVector(std::size_t count, float deviation, std::mt19937& random);

}  // namespace apertura::test
