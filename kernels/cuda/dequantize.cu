#include <algorithm>

#include "kernels/cuda/dequantize.h"
#include "kernels/cuda/device/dense_row.h"
#include "kernels/cuda/device/half_number.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/warp.h"

namespace apertura::kernels::cuda {

namespace {

// A block takes 256 inputs of a block of 16 rows: the codes lie there by chunks of all rows, and
// leave by rows of 512 bytes, with shared memory between.
constexpr int kTileInputs = 256;
constexpr int kLaneInputs = kTileInputs / kWarpLanes;
constexpr int kWarps = 8;
constexpr int kThreads = kWarps * kWarpLanes;
constexpr int kRows = static_cast<int>(kBlockRows);
constexpr int kPaddedRows = kRows + 1;  // so that the chunks of one row lie in different banks

template <CodeBits bits>
inline constexpr int kChunkInputs = static_cast<int>(inputsPerChunk(bits));

// Raw pointers of a QuantizedMatrix, and its shape.
struct Source {
    const unsigned* codes = nullptr;  // words: 16 a chunk, one a row
    const __half* scales = nullptr;
    const std::uint8_t* integerZeros = nullptr;
    const __half* realZeros = nullptr;
    const __half* inputScale = nullptr;
    const std::uint32_t* inputOrder = nullptr;
    int inputs = 0;
    int outputs = 0;
    int groupSize = 0;
    float symmetricZero = 0.0F;
};

__device__ inline float zeroAt(const Source& source, int index) {
    if (source.integerZeros != nullptr) {
        return static_cast<float>(source.integerZeros[index]);
    }
    return source.realZeros != nullptr ? __half2float(source.realZeros[index])
                                       : source.symmetricZero;
}

// values[k] = W[row, first + k] for a chunk's inputs of one row, without the input scale.
template <CodeBits bits>
__device__ inline void unpackWord(const Source& source, unsigned word, int row, int first,
                                  float* values) {
    constexpr int kCount = kChunkInputs<bits>;
    const int groups = source.inputs / source.groupSize;
    const int index = static_cast<int>(scaleIndex(row, first / source.groupSize, groups));
    const float scale = __half2float(source.scales[index]);
    const float zero = zeroAt(source, index);
#pragma unroll
    for (int k = 0; k < kCount; ++k) {
        const unsigned code = bits == CodeBits::four ? word >> (k % 4 * 8 + (k >= 4 ? 4 : 0)) & 15U
                                                     : word >> (k * 8) & 255U;
        values[k] = (static_cast<float>(code) - zero) * scale;
    }
}

// The lane's inputs `first` .. of a row, to where they belong.
template <NumberType type>
__device__ inline void storeInputs(const Source& source, const float (&values)[kLaneInputs],
                                   int first, std::uint16_t* row) {
    std::uint16_t numbers[kLaneInputs];
#pragma unroll
    for (int k = 0; k < kLaneInputs; ++k) {
        if (first + k < source.inputs) {
            const int position = first + k;
            const int input = source.inputOrder != nullptr
                                  ? static_cast<int>(source.inputOrder[position])
                                  : position;
            const float scale =
                source.inputScale != nullptr ? __half2float(source.inputScale[input]) : 1.0F;
            numbers[k] = halfBits<type>(values[k] * scale);
            if (source.inputOrder != nullptr || source.inputs % kLaneInputs != 0) {
                row[input] = numbers[k];
            }
        }
    }
    if (source.inputOrder == nullptr && source.inputs % kLaneInputs == 0 && first < source.inputs) {
        unsigned words[kLaneInputs / 2];
#pragma unroll
        for (int k = 0; k < kLaneInputs / 2; ++k) {
            words[k] = numbers[2 * k] | static_cast<unsigned>(numbers[2 * k + 1]) << 16;
        }
        *reinterpret_cast<uint4*>(row + first) = {words[0], words[1], words[2], words[3]};
    }
}

// blockIdx is (tile of inputs, block of rows).
template <CodeBits bits, NumberType type>
__global__ void __launch_bounds__(kThreads) dequantizeKernel(Source source, std::uint16_t* target) {
    constexpr int kCount = kChunkInputs<bits>;
    constexpr int kChunks = kTileInputs / kCount;
    __shared__ unsigned words[kChunks * kPaddedRows];
    const int firstChunk = blockIdx.x * kChunks;
    const int rowChunks = source.inputs / kCount;
    const unsigned* const codes =
        source.codes + static_cast<std::int64_t>(blockIdx.y) * rowChunks * kRows;
    for (int i = threadIdx.x; i < kChunks * kRows; i += kThreads) {
        const int chunk = firstChunk + i / kRows;
        if (chunk < rowChunks) {
            words[i / kRows * kPaddedRows + i % kRows] =
                __ldcs(codes + static_cast<std::int64_t>(chunk) * kRows + i % kRows);
        }
    }
    __syncthreads();
    const int lane = threadIdx.x % kWarpLanes;
    const int first = blockIdx.x * kTileInputs + lane * kLaneInputs;
    for (int r = threadIdx.x / kWarpLanes; r < kRows; r += kWarps) {
        const int row = blockIdx.y * kRows + r;
        if (row >= source.outputs) {
            break;
        }
        float values[kLaneInputs] = {};
#pragma unroll
        for (int c = 0; c < kLaneInputs / kCount; ++c) {
            if (first + c * kCount < source.inputs) {
                const int chunk = lane * (kLaneInputs / kCount) + c;
                unpackWord<bits>(source, words[chunk * kPaddedRows + r], row, first + c * kCount,
                                 values + c * kCount);
            }
        }
        storeInputs<type>(source, values, first,
                          target + static_cast<std::int64_t>(row) * source.inputs);
    }
}

template <typename Number, NumberType type>
__global__ void convertKernel(const Number* source, std::int64_t count, std::uint16_t* target) {
    const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kThreads;
    for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x; i < count;
         i += step) {
        target[i] = halfBits<type>(toFloat(source[i]));
    }
}

template <typename Number>
void launchConvert(const DenseMatrix& weight, NumberType type, std::uint16_t* target,
                   Stream& stream) {
    const std::int64_t count = weight.rows * weight.columns;
    // Enough blocks for any card; a block goes on with the next piece.
    constexpr std::int64_t kMostBlocks = 4096;
    const std::int64_t blocks = std::min(kMostBlocks, (count + kThreads - 1) / kThreads);
    const auto kernel = type == NumberType::bf16 ? convertKernel<Number, NumberType::bf16>
                                                 : convertKernel<Number, NumberType::fp16>;
    launch(kernel, {dim3(static_cast<unsigned>(blocks)), dim3(kThreads)}, stream,
           reinterpret_cast<const Number*>(weight.data), count, target);
}

template <CodeBits bits>
void launchQuantized(const Source& source, NumberType type, std::uint16_t* target, Stream& stream) {
    const dim3 grid(static_cast<unsigned>((source.inputs + kTileInputs - 1) / kTileInputs),
                    static_cast<unsigned>(blockCount(source.outputs)));
    const auto kernel = type == NumberType::bf16 ? dequantizeKernel<bits, NumberType::bf16>
                                                 : dequantizeKernel<bits, NumberType::fp16>;
    launch(kernel, {grid, dim3(kThreads)}, stream, source, target);
}

}  // namespace

void dequantize(const QuantizedMatrix& weight, NumberType type, std::uint16_t* target,
                Stream& stream) {
    CHECK(type != NumberType::fp32);
    CHECK(weight.groupSize % inputsPerChunk(weight.bits) == 0);
    Source source;
    source.codes = reinterpret_cast<const unsigned*>(weight.codes.data());
    source.scales = reinterpret_cast<const __half*>(weight.scales.data());
    source.integerZeros = weight.integerZeros.data();
    source.realZeros = reinterpret_cast<const __half*>(weight.realZeros.data());
    source.inputScale = reinterpret_cast<const __half*>(weight.inputScale.data());
    source.inputOrder = weight.inputOrder.data();
    source.inputs = static_cast<int>(weight.inputs);
    source.outputs = static_cast<int>(weight.outputs);
    source.groupSize = static_cast<int>(weight.groupSize);
    source.symmetricZero = weight.symmetricZero;
    if (weight.bits == CodeBits::four) {
        launchQuantized<CodeBits::four>(source, type, target, stream);
    } else {
        launchQuantized<CodeBits::eight>(source, type, target, stream);
    }
}

void dequantize(const DenseMatrix& weight, NumberType type, std::uint16_t* target, Stream& stream) {
    CHECK(type != NumberType::fp32);
    switch (weight.type) {
        case NumberType::bf16:
            return launchConvert<__nv_bfloat16>(weight, type, target, stream);
        case NumberType::fp16:
            return launchConvert<__half>(weight, type, target, stream);
        case NumberType::fp32:
            return launchConvert<float>(weight, type, target, stream);
    }
}

}  // namespace apertura::kernels::cuda
