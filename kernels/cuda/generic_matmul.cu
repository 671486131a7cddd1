#include <cuda_fp16.h>

#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/warp.h"
#include "kernels/cuda/generic_matmul.h"

namespace apertura::kernels::cuda {

namespace {

constexpr int kRowsPerBlock = 8;

// A QuantizedMatrix as a kernel takes it.
struct GenericWeight {
    const std::uint8_t* codes;
    const __half* scales;
    const std::uint8_t* integerZeros;  // null, as the next three, where there are none
    const __half* realZeros;
    const __half* inputScale;
    const std::uint32_t* inputOrder;
    std::int64_t inputs, outputs, groupSize;
    CodeBits bits;
    float symmetricZero;
};

__device__ float weightAt(const GenericWeight& weight, std::int64_t output, std::int64_t p) {
    const CodePosition position = codePosition(weight.bits, output, p, weight.inputs);
    const int mask = weight.bits == CodeBits::four ? 15 : 255;
    const int code = (weight.codes[position.byte] >> position.shift) & mask;
    const std::int64_t index =
        scaleIndex(output, p / weight.groupSize, weight.inputs / weight.groupSize);
    float zero = weight.symmetricZero;
    if (weight.integerZeros != nullptr) {
        zero = static_cast<float>(weight.integerZeros[index]);
    } else if (weight.realZeros != nullptr) {
        zero = __half2float(weight.realZeros[index]);
    }
    return (static_cast<float>(code) - zero) * __half2float(weight.scales[index]);
}

// One warp per output; blockIdx.y is the token.
__global__ void __launch_bounds__(kRowsPerBlock* kWarpLanes)
    genericMatmulKernel(GenericWeight weight, Matrix<const float> x, Matrix<float> y) {
    const std::int64_t output =
        static_cast<std::int64_t>(blockIdx.x) * kRowsPerBlock + threadIdx.x / kWarpLanes;
    if (output >= weight.outputs) {
        return;  // the whole warp
    }
    const int lane = threadIdx.x % kWarpLanes;
    const float* const values = x.data + static_cast<std::int64_t>(blockIdx.y) * x.stride;
    float sum = 0.0F;
    for (std::int64_t p = lane; p < weight.inputs; p += kWarpLanes) {
        const std::int64_t input = weight.inputOrder != nullptr ? weight.inputOrder[p] : p;
        float value = weightAt(weight, output, p);
        if (weight.inputScale != nullptr) {
            value *= __half2float(weight.inputScale[input]);
        }
        sum += value * values[input];
    }
    sum = warpSum(sum);
    if (lane == 0) {
        y.data[static_cast<std::int64_t>(blockIdx.y) * y.stride + output] = sum;
    }
}

}  // namespace

void genericMatmul(const QuantizedMatrix& weight, Matrix<const float> x, Matrix<float> y,
                   Stream& stream) {
    CHECK(x.columns == weight.inputs && y.columns == weight.outputs && x.rows == y.rows);
    const auto halves = [](std::span<const std::uint16_t> bits) {
        return reinterpret_cast<const __half*>(bits.data());
    };
    const GenericWeight view = {reinterpret_cast<const std::uint8_t*>(weight.codes.data()),
                                halves(weight.scales),
                                weight.integerZeros.data(),
                                halves(weight.realZeros),
                                halves(weight.inputScale),
                                weight.inputOrder.data(),
                                weight.inputs,
                                weight.outputs,
                                weight.groupSize,
                                weight.bits,
                                static_cast<float>(weight.symmetricZero)};
    const dim3 grid(static_cast<unsigned>((weight.outputs + kRowsPerBlock - 1) / kRowsPerBlock),
                    static_cast<unsigned>(x.rows));
    launch(genericMatmulKernel, {grid, dim3(kRowsPerBlock * kWarpLanes)}, stream, view, x, y);
}

}  // namespace apertura::kernels::cuda
