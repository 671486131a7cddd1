#include <algorithm>
#include <cublas_v2.h>
#include <string>

#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/device/arena.h"
#include "kernels/cuda/device/half_number.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/warp.h"
#include "kernels/cuda/prefill_matmul.h"

namespace apertura::kernels::cuda {

namespace {

constexpr int kWarps = 8;
constexpr int kThreads = kWarps * kWarpLanes;
// What cuBLAS may use between the steps of one product; given to it, so that it allocates nothing.
constexpr std::size_t kWorkspaceBytes = std::size_t{8} << 20;
// FP16 rows are scaled so that their largest magnitude lies in 2^14 .. 2^15.
constexpr int kTopExponent = 15;

// One block per row: target[t, i] = x[t, i] / 2^exponents[t], rounded; BF16 needs no exponent.
template <NumberType type>
__global__ void __launch_bounds__(kThreads)
    roundRowsKernel(Matrix<const float> x, std::uint16_t* target, std::int32_t* exponents) {
    __shared__ float largestOf[kWarps];
    const float* const row = x.data + blockIdx.x * x.stride;
    std::uint16_t* const result = target + blockIdx.x * x.columns;
    int exponent = 0;
    if constexpr (type == NumberType::fp16) {
        float largest = 0.0F;
        for (std::int64_t i = threadIdx.x; i < x.columns; i += kThreads) {
            largest = fmaxf(largest, fabsf(row[i]));
        }
        largest = warpMax(largest);
        if (threadIdx.x % kWarpLanes == 0) {
            largestOf[threadIdx.x / kWarpLanes] = largest;
        }
        __syncthreads();
        for (int w = 0; w < kWarps; ++w) {
            largest = fmaxf(largest, largestOf[w]);
        }
        if (largest > 0.0F && isfinite(largest)) {
            frexpf(largest, &exponent);
            exponent -= kTopExponent;
        }
        if (threadIdx.x == 0) {
            exponents[blockIdx.x] = exponent;
        }
    }
    for (std::int64_t i = threadIdx.x; i < x.columns; i += kThreads) {
        const float value = type == NumberType::fp16 ? ldexpf(row[i], -exponent) : row[i];
        result[i] = halfBits<type>(value);
    }
}

// y[t, o] *= 2^exponents[t]; blockIdx is (piece of outputs, row).
__global__ void scaleRowsKernel(Matrix<float> y, const std::int32_t* exponents) {
    const std::int64_t output = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
    if (output < y.columns) {
        float& value = y.data[blockIdx.y * y.stride + output];
        value = ldexpf(value, exponents[blockIdx.y]);
    }
}

void roundRows(NumberType type, Matrix<const float> x, std::uint16_t* target,
               std::int32_t* exponents, Stream& stream) {
    const auto kernel = type == NumberType::bf16 ? roundRowsKernel<NumberType::bf16>
                                                 : roundRowsKernel<NumberType::fp16>;
    launch(kernel, {dim3(static_cast<unsigned>(x.rows)), dim3(kThreads)}, stream, x, target,
           exponents);
}

void scaleRows(NumberType type, Matrix<float> y, const std::int32_t* exponents, Stream& stream) {
    if (type == NumberType::fp16) {
        const dim3 grid(static_cast<unsigned>((y.columns + kThreads - 1) / kThreads),
                        static_cast<unsigned>(y.rows));
        launch(scaleRowsKernel, {grid, dim3(kThreads)}, stream, y, exponents);
    }
}

void check(cublasStatus_t status, const char* call) {
    if (status != CUBLAS_STATUS_SUCCESS) {
        throw CudaError(std::string(call) + " failed: " + cublasGetStatusString(status),
                        status == CUBLAS_STATUS_ALLOC_FAILED);
    }
}

std::int64_t writtenNumbers(const DenseMatrix& matrix, NumberType type) {
    return matrix.type == type ? 0 : matrix.rows * matrix.columns;
}

std::int64_t writtenNumbers(const QuantizedMatrix& matrix, NumberType /*type*/) {
    return matrix.outputs * matrix.inputs;
}

std::int64_t outputsOf(const DenseMatrix& matrix) {
    return matrix.rows;
}

std::int64_t outputsOf(const QuantizedMatrix& matrix) {
    return matrix.outputs;
}

// The most numbers of one matrix that have to be written out.
std::int64_t largestWritten(const Linear& weight, NumberType type) {
    std::int64_t largest = 0;
    for (const LinearBlock& block : weight.blocks) {
        largest = std::max(
            largest, std::visit([&](const auto& matrix) { return writtenNumbers(matrix, type); },
                                block.matrix));
    }
    if (weight.adapter) {
        largest = std::max({largest, writtenNumbers(weight.adapter->a, type),
                            writtenNumbers(weight.adapter->b, type)});
    }
    return largest;
}

template <typename T>
std::size_t bytesOf(std::int64_t count) {
    return arenaBytes(static_cast<std::size_t>(count) * sizeof(T));
}

}  // namespace

// Where things lie in the scratch, one after the other.
struct PrefillMatmul::Pieces {
    Pieces(std::byte* memory, const Linear& weight, std::int64_t tokens, NumberType type) {
        const std::int64_t rank = weight.adapter ? weight.adapter->rank() : 0;
        const auto take = [&](std::size_t size) {
            std::byte* const piece = memory == nullptr ? nullptr : memory + bytes;
            bytes += size;
            return piece;
        };
        workspace = take(kWorkspaceBytes);
        x = reinterpret_cast<std::uint16_t*>(take(bytesOf<std::uint16_t>(tokens * weight.inputs)));
        low = reinterpret_cast<float*>(take(bytesOf<float>(tokens * rank)));
        lowRounded = reinterpret_cast<std::uint16_t*>(take(bytesOf<std::uint16_t>(tokens * rank)));
        exponents = reinterpret_cast<std::int32_t*>(take(bytesOf<std::int32_t>(tokens)));
        lowExponents = reinterpret_cast<std::int32_t*>(take(bytesOf<std::int32_t>(tokens)));
        numbers = reinterpret_cast<std::uint16_t*>(
            take(bytesOf<std::uint16_t>(largestWritten(weight, type))));
    }

    std::size_t bytes = 0;
    std::byte* workspace;
    std::uint16_t* x;            // [T, I]
    float* low;                  // A x, [T, R]
    std::uint16_t* lowRounded;   // [T, R]
    std::int32_t* exponents;     // [T], of x
    std::int32_t* lowExponents;  // [T], of A x
    std::uint16_t* numbers;      // one matrix at a time
};

NumberType prefillNumberType() {
    int device = 0;
    int major = 0;
    check(cudaGetDevice(&device), "cudaGetDevice");
    check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device),
          "cudaDeviceGetAttribute");
    return major >= 8 ? NumberType::bf16 : NumberType::fp16;
}

PrefillMatmul::PrefillMatmul(NumberType type, std::byte* scratch, std::size_t bytes)
    : m_type(type), m_scratch(scratch), m_scratchBytes(bytes) {
    CHECK(type != NumberType::fp32);
    check(cublasCreate(&m_handle), "cublasCreate");
    // Results repeat: no atomics (also the default), and no partial sums below fp32.
    cublasSetAtomicsMode(m_handle, CUBLAS_ATOMICS_NOT_ALLOWED);
    cublasSetMathMode(m_handle, CUBLAS_MATH_DISALLOW_REDUCED_PRECISION_REDUCTION);
}

PrefillMatmul::~PrefillMatmul() {
    cublasDestroy(m_handle);
}

std::size_t PrefillMatmul::scratchBytes(const Linear& weight, std::int64_t tokens,
                                        NumberType type) {
    return Pieces(nullptr, weight, tokens, type).bytes;
}

void PrefillMatmul::run(const Linear& weight, Matrix<const float> x, Matrix<float> y,
                        Stream& stream) {
    CHECK(x.columns == weight.inputs && y.columns == weight.outputs && x.rows == y.rows);
    const Pieces pieces(m_scratch, weight, x.rows, m_type);
    CHECK(pieces.bytes <= m_scratchBytes);
    // Setting the stream puts cuBLAS back to a workspace of its own, so this order.
    check(cublasSetStream(m_handle, stream.handle()), "cublasSetStream");
    check(cublasSetWorkspace(m_handle, pieces.workspace, kWorkspaceBytes), "cublasSetWorkspace");
    roundRows(m_type, x, pieces.x, pieces.exponents, stream);
    float keep = 0.0F;
    if (weight.adapter) {
        const LowRankAdapter& adapter = *weight.adapter;
        const Matrix<float> low(pieces.low, x.rows, adapter.rank());
        multiply(numbersOf(adapter.a, pieces.numbers, stream), pieces.x, low, x.columns, 0.0F);
        roundRows(m_type, low, pieces.lowRounded, pieces.lowExponents, stream);
        multiply(numbersOf(adapter.b, pieces.numbers, stream), pieces.lowRounded, y, low.columns,
                 0.0F);
        // Back to the scale of x, in which W x is added.
        scaleRows(m_type, y, pieces.lowExponents, stream);
        keep = 1.0F;
    }
    for (const LinearBlock& block : weight.blocks) {
        std::visit(
            [&](const auto& matrix) {
                const Matrix<float> part(y.data + block.firstOutput, y.rows, outputsOf(matrix),
                                         y.stride);
                multiply(numbersOf(matrix, pieces.numbers, stream), pieces.x, part, x.columns,
                         keep);
            },
            block.matrix);
    }
    scaleRows(m_type, y, pieces.exponents, stream);
}

void PrefillMatmul::multiply(const void* weight, const std::uint16_t* x, Matrix<float> y,
                             std::int64_t inputs, float keep) {
    // Row-major matrices are cuBLAS's transposed: y' [O, T] = (W' [I, O])' x' [I, T].
    const float one = 1.0F;
    const cudaDataType type = m_type == NumberType::bf16 ? CUDA_R_16BF : CUDA_R_16F;
    const auto k = static_cast<int>(inputs);
    check(cublasGemmEx(m_handle, CUBLAS_OP_T, CUBLAS_OP_N, static_cast<int>(y.columns),
                       static_cast<int>(y.rows), k, &one, weight, type, k, x, type, k, &keep,
                       y.data, CUDA_R_32F, static_cast<int>(y.stride), CUBLAS_COMPUTE_32F,
                       CUBLAS_GEMM_DEFAULT),
          "cublasGemmEx");
}

const void* PrefillMatmul::numbersOf(const DenseMatrix& matrix, std::uint16_t* target,
                                     Stream& stream) const {
    if (matrix.type == m_type) {
        return matrix.data;
    }
    dequantize(matrix, m_type, target, stream);
    return target;
}

const void* PrefillMatmul::numbersOf(const QuantizedMatrix& matrix, std::uint16_t* target,
                                     Stream& stream) const {
    dequantize(matrix, m_type, target, stream);
    return target;
}

}  // namespace apertura::kernels::cuda
