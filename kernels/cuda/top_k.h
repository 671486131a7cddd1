// What sampling needs of a row of logits, so that the row itself stays on the device: the best
// tokens, and the sum that turns any logit into a probability.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/device/stream.h"

namespace apertura::kernels::cuda {

inline constexpr std::int64_t kMaxTopK = 256;

struct TopKRequest {
    std::int64_t k = 0;
    double temperature = 1.0;
};

// Of a sum of exponentials, relative. An argument is off by three roundings of fp32, an exponential
// by two units, a sum of 2048 by 25 additions at most. Weighed by the tokens' own weights the mean
// of the arguments' magnitudes is at most ln V, the largest entropy: 3 * 2^-24 * 14 + 2 * 2^-23 +
// 25 * 2^-24 up to a million tokens.
inline constexpr double kTopKSumError = 0x1p-17;

struct TokenLogit {
    std::int32_t id = 0;
    float logit = 0.0F;
};

// Written on the device; the first topKBytes(k) bytes are all that one copy to the host needs.
struct TopK {
    double logSumExp = 0.0;  // log of the sum of exp(logit) over all tokens
    double weightSum = 0.0;  // sum of exp((logit - largest) / temperature) over all tokens
    float largest = 0.0F;
    std::int32_t count = 0;     // k
    TokenLogit best[kMaxTopK];  // in descending order; equal logits by ascending id
};

constexpr std::size_t topKBytes(std::int64_t k) {
    return offsetof(TopK, best) + static_cast<std::size_t>(k) * sizeof(TokenLogit);
}

std::size_t topKScratchBytes(std::int64_t vocabulary, std::int64_t k);

// The `k` best of logits [V], and what all of them sum up to.
//
// Requires: 1 <= k <= min(V, kMaxTopK); temperature > 0; all in device memory; scratch
// topKScratchBytes() and
//           8-byte aligned, like the result.
// Errors:   throws CudaError if a launch is refused. A logit that is NaN makes logSumExp NaN.
// Order:    asynchronous on `stream`.
// Rounding: logits exact (-0 becomes 0); exponentials in fp32, summed in fp32 over 2048 tokens and
//           in fp64 over those: bit-identical from run to run, and off by at most kTopKSumError of
//           the sum.
void topK(const float* logits, std::int64_t vocabulary, const TopKRequest& request,
          std::byte* scratch, TopK* result, Stream& stream);

}  // namespace apertura::kernels::cuda
