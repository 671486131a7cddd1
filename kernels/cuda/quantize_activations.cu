#include "kernels/cuda/device/activation_quad.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/quantize_activations.h"

namespace apertura::kernels::cuda {

namespace {

constexpr int kWarpsPerBlock = 8;

struct StoredRow {
    const float* data;

    __device__ float operator()(unsigned input) const { return data[input]; }
    __device__ float4 quad(int first) const {
        return *reinterpret_cast<const float4*>(data + first);
    }
};

// One warp per group; blockIdx.y is the token.
__global__ void quantizeActivationsKernel(Matrix<const float> x, InputTransform transform,
                                          ActivationPlanes planes) {
    const int lane = threadIdx.x % kWarpLanes;
    const int group = blockIdx.x * kWarpsPerBlock + threadIdx.x / kWarpLanes;
    if (group >= activationGroups(planes.inputs)) {
        return;  // the whole warp
    }
    const int token = blockIdx.y;
    const int first = group * kActivationGroup + lane * kQuad;
    const bool isInside = first < planes.inputs;
    float values[kQuad] = {};
    if (isInside) {
        gatherQuad(transform, first, StoredRow{x.data + token * x.stride}, values);
    }
    const QuantizedQuad quad = quantizeGroup(values);
    if (isInside) {
        storeQuad(quad, planes, token, group);
    }
}

}  // namespace

void quantizeActivations(Matrix<const float> x, const std::uint16_t* inputScale,
                         const std::uint32_t* inputOrder, const ActivationPlanes& planes,
                         Stream& stream) {
    CHECK(planes.inputs == x.columns && planes.tokens == x.rows);
    CHECK(planes.inputs % kRunInputs == 0 && x.stride % kQuad == 0);
    const std::int64_t groups = activationGroups(planes.inputs);
    const dim3 grid(static_cast<unsigned>((groups + kWarpsPerBlock - 1) / kWarpsPerBlock),
                    static_cast<unsigned>(x.rows));
    launch(quantizeActivationsKernel, {grid, dim3(kWarpsPerBlock * kWarpLanes)}, stream, x,
           InputTransform{reinterpret_cast<const __half*>(inputScale), inputOrder}, planes);
}

}  // namespace apertura::kernels::cuda
