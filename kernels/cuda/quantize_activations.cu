#include <cuda_fp16.h>

#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/quantize_group.h"
#include "kernels/cuda/quantize_activations.h"

namespace apertura::kernels::cuda {

namespace {

constexpr int kWarpsPerBlock = 8;

// One warp per group; blockIdx.y is the token.
__global__ void quantizeActivationsKernel(Matrix<const float> x, const __half* inputScale,
                                          const std::uint32_t* inputOrder,
                                          ActivationPlanes planes) {
    const int lane = threadIdx.x % kWarpLanes;
    const std::int64_t group =
        static_cast<std::int64_t>(blockIdx.x) * kWarpsPerBlock + threadIdx.x / kWarpLanes;
    const std::int64_t groups = planes.inputs / kActivationGroup;
    if (group >= groups) {
        return;  // the whole warp
    }
    const std::int64_t token = blockIdx.y;
    const std::int64_t position = group * kActivationGroup + lane;
    const std::int64_t input = inputOrder != nullptr ? inputOrder[position] : position;
    float value = x.data[token * x.stride + input];
    if (inputScale != nullptr) {
        value *= __half2float(inputScale[input]);
    }
    const QuantizedLane quantized = quantizeGroup(value);
    planes.high[token * planes.inputs + position] = quantized.high;
    planes.low[token * planes.inputs + position] = quantized.low;
    if (lane == 0) {
        planes.scale[token * groups + group] = quantized.scale;
        planes.sum[token * groups + group] = quantized.sum;
    }
}

}  // namespace

void quantizeActivations(Matrix<const float> x, const std::uint16_t* inputScale,
                         const std::uint32_t* inputOrder, const ActivationPlanes& planes,
                         Stream& stream) {
    CHECK(planes.inputs == x.columns && planes.tokens == x.rows);
    CHECK(planes.inputs % kActivationGroup == 0);
    const std::int64_t groups = planes.inputs / kActivationGroup;
    const dim3 grid(static_cast<unsigned>((groups + kWarpsPerBlock - 1) / kWarpsPerBlock),
                    static_cast<unsigned>(x.rows));
    launch(quantizeActivationsKernel, {grid, dim3(kWarpsPerBlock * kWarpLanes)}, stream, x,
           reinterpret_cast<const __half*>(inputScale), inputOrder, planes);
}

}  // namespace apertura::kernels::cuda
