// The cached keys and values of one layer in device memory, and writing new tokens to them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/device/stream.h"
#include "kernels/cuda/position.h"
#include "kernels/matrix.h"

namespace apertura::kernels::cuda {

enum class KvFormat { bf16, int8 };

// Views of one layer: keys and values [K, capacity, D], so that a split of a head's positions is
// one run of memory. int8 numbers have one fp16 scale per (head, position): x ~= code * scale.
struct KvCacheView {
    void* keys = nullptr;                  // bf16 bits or int8, 16-byte aligned
    void* values = nullptr;                // likewise
    std::uint16_t* keyScales = nullptr;    // [K, capacity] fp16 bits; null for bf16
    std::uint16_t* valueScales = nullptr;  // likewise
    std::int64_t capacity = 0;             // positions
    std::int64_t kvHeads = 0;              // K
    std::int64_t headDim = 0;              // D, a multiple of 8
    KvFormat format = KvFormat::bf16;
};

// Bytes of one layer: keys, values and scales, each rounded up to 256.
std::size_t kvBytes(KvFormat format, std::int64_t capacity, std::int64_t kvHeads,
                    std::int64_t headDim);

// The view whose pieces lie in kvBytes() bytes from `memory` on, 256-byte aligned.
KvCacheView kvCacheAt(std::byte* memory, KvFormat format, std::int64_t capacity,
                      std::int64_t kvHeads, std::int64_t headDim);

// Stores the keys and values of T tokens at firstPosition .. firstPosition + T - 1.
//
// Shapes:   key and value [T, K D] fp32.
// Requires: all in device memory; firstPosition + T <= capacity.
// Errors:   throws CudaError if the launch is refused.
// Order:    asynchronous on `stream`.
// Rounding: bf16 to nearest even. int8: scale = fp16(largest magnitude / 127), codes to nearest; a
//           head that is not finite reads back as NaN.
void appendKv(const KvCacheView& cache, Matrix<const float> key, Matrix<const float> value,
              Position firstPosition, Stream& stream);

}  // namespace apertura::kernels::cuda
