// Attention of the few tokens of a decoding step over the KV cache, split over the positions.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/activations.h"
#include "kernels/cuda/kv_cache.h"

namespace apertura::kernels::cuda {

// Positions that one block takes. Fixed, so that results depend on nothing but their inputs; 128
// give two blocks for every multiprocessor of a large card at a context of 4K and 8 KV heads.
inline constexpr std::int64_t kSplitPositions = 128;
inline constexpr std::int64_t kMaxAttendedTokens = 8;

// What the splits leave for combineSplits; a view of device memory.
struct AttentionScratch {
    float* partial = nullptr;  // [splits, T Q, D], weighted sums of values, not yet normalised
    float* maxima = nullptr;   // [T Q, splits], the largest score
    float* sums = nullptr;     // [T Q, splits], of exp(score - maximum)
    std::int64_t splits = 0;   // room for so many
    std::int64_t rows = 0;     // room for so many T Q
};

// Bytes for a cache of `capacity` positions and up to `tokens` tokens.
std::size_t attentionScratchBytes(std::int64_t capacity, std::int64_t queryHeads,
                                  std::int64_t headDim, std::int64_t tokens);

// The scratch whose pieces lie in attentionScratchBytes() bytes from `memory` on, 256-byte aligned.
AttentionScratch attentionScratchAt(std::byte* memory, std::int64_t capacity,
                                    std::int64_t queryHeads, std::int64_t headDim,
                                    std::int64_t tokens);

// attended[t, h] = sum over s of softmax(query[t, h] . key[s, h'] / sqrt(D)) value[s, h'], for s <=
// firstPosition + t, with h' the KV head of query head h.
//
// Shapes:   query and attended [T, Q D] fp32; 1 <= T <= kMaxAttendedTokens; D a multiple of 8, at
//           most 256; Q a multiple of K.
// Requires: all in device memory; positions up to firstPosition + T - 1 in the cache.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`. Where the position lies in device memory the grid is that of
//           the cache's capacity, so that a graph may be replayed at any position.
// Traffic:  every key and value once where Q / K * T <= 8, else once for every 8 such rows.
// Rounding: fp32, in an order fixed by the shapes: bit-identical from run to run, and for both
//           kinds of Position.
void attendDecode(const KvCacheView& cache, Matrix<const float> query, Position firstPosition,
                  Matrix<float> attended, const AttentionScratch& scratch, Stream& stream);

// The two halves of attendDecode, for a step that ends otherwise.
void attendSplits(const KvCacheView& cache, Matrix<const float> query, Position firstPosition,
                  const AttentionScratch& scratch, Stream& stream);
void combineSplits(const AttentionScratch& scratch, Position firstPosition, std::int64_t headDim,
                   Matrix<float> attended, Stream& stream);

// combineSplits and quantizeActivations in one, for a quantized output projection without an order
// of inputs of its own. inputScale [Q D] fp16 bits or null; planes [T, Q D]; `attended` too,
// without inputScale, where it has memory.
//
// Requires: D a multiple of kActivationGroup.
void combineSplits(const AttentionScratch& scratch, Position firstPosition, std::int64_t headDim,
                   const std::uint16_t* inputScale, const ActivationPlanes& planes,
                   Matrix<float> attended, Stream& stream);

}  // namespace apertura::kernels::cuda
