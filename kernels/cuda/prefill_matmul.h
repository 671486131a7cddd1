// y = W x + B (A x) for the many rows of a prompt: weights written out as 16-bit numbers, one
// matrix at a time, and multiplied by cuBLAS.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cuda/device/stream.h"
#include "kernels/linear.h"
#include "kernels/matrix.h"

struct cublasContext;

namespace apertura::kernels::cuda {

// What tensor cores of the current device multiply: BF16 from sm_80 on, FP16 before.
NumberType prefillNumberType();

// Threads: one at a time.
class PrefillMatmul {
public:
    // `type` is bf16 or fp16. With fp16 every row of activations is scaled by a power of two of its
    // own, so that nothing overflows (xIELU squares its input). `scratch` is device memory,
    // 256-byte aligned, and outlives this. Errors: throws CudaError where cuBLAS cannot start.
    PrefillMatmul(NumberType type, std::byte* scratch, std::size_t bytes);
    ~PrefillMatmul();
    PrefillMatmul(const PrefillMatmul&) = delete;
    PrefillMatmul& operator=(const PrefillMatmul&) = delete;

    // What `run` needs for this linear and up to `tokens` rows; a scratch for several linears is as
    // large as the largest need.
    static std::size_t scratchBytes(const Linear& weight, std::int64_t tokens, NumberType type);

    // Shapes:   x [T, I] fp32, y [T, O] fp32, T >= 1.
    // Requires: weight, x and y in device memory, y overlapping nothing; scratchBytes() of scratch.
    // Errors:   throws CudaError if a launch or a product is refused.
    // Order:    asynchronous on `stream`.
    // Rounding: weights, activations and A x to `type`, products summed in fp32 in cuBLAS's order:
    //           the same from run to run on one device, for one shape.
    void run(const Linear& weight, Matrix<const float> x, Matrix<float> y, Stream& stream);

private:
    struct Pieces;
    // y (+)= W x, x as 16-bit numbers [T, I].
    void multiply(const void* weight, const std::uint16_t* x, Matrix<float> y, std::int64_t inputs,
                  float keep);
    // The matrix as numbers of m_type: itself if it is so already, else written to `target`.
    const void* numbersOf(const DenseMatrix& matrix, std::uint16_t* target, Stream& stream) const;
    const void* numbersOf(const QuantizedMatrix& matrix, std::uint16_t* target,
                          Stream& stream) const;

    NumberType m_type;
    std::byte* m_scratch;
    std::size_t m_scratchBytes;
    cublasContext* m_handle = nullptr;
};

}  // namespace apertura::kernels::cuda
