#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/warp.h"
#include "kernels/cuda/rms_norm.h"

namespace apertura::kernels::cuda {

namespace {

constexpr int kThreads = 256;
constexpr int kWarps = kThreads / kWarpLanes;
// Up to here a warp takes a row alone: heads are short and many.
constexpr std::int64_t kShortRow = 256;

// The team of kTeamThreads threads that share a row: a warp, or the whole block.
template <int kTeamThreads>
__device__ float teamSum(float value) {
    value = warpSum(value);
    if constexpr (kTeamThreads > kWarpLanes) {
        __shared__ float partial[kWarps];
        if (threadIdx.x % kWarpLanes == 0) {
            partial[threadIdx.x / kWarpLanes] = value;
        }
        __syncthreads();
        value = 0.0F;
        for (int warp = 0; warp < kWarps; ++warp) {
            value += partial[warp];
        }
    }
    return value;
}

template <int kTeamThreads>
__global__ void __launch_bounds__(kThreads)
    rmsNormKernel(const float* weight, Matrix<const float> x, Matrix<float> y, float eps) {
    constexpr int kTeams = kThreads / kTeamThreads;
    const std::int64_t row =
        static_cast<std::int64_t>(blockIdx.x) * kTeams + threadIdx.x / kTeamThreads;
    if (row >= x.rows) {
        return;  // the whole team
    }
    const int member = threadIdx.x % kTeamThreads;
    const float* const from = x.data + row * x.stride;
    float* const to = y.data + row * y.stride;
    float sumOfSquares = 0.0F;
    for (std::int64_t i = member; i < x.columns; i += kTeamThreads) {
        sumOfSquares += from[i] * from[i];
    }
    const float mean = teamSum<kTeamThreads>(sumOfSquares) / static_cast<float>(x.columns);
    const float factor = 1.0F / sqrtf(mean + eps);
    for (std::int64_t i = member; i < x.columns; i += kTeamThreads) {
        to[i] = weight[i] * (from[i] * factor);
    }
}

}  // namespace

void rmsNorm(const float* weight, Matrix<const float> x, Matrix<float> y, float eps,
             Stream& stream) {
    CHECK(x.rows == y.rows && x.columns == y.columns);
    const bool isShort = x.columns <= kShortRow;
    const std::int64_t rowsPerBlock = isShort ? kWarps : 1;
    const dim3 grid(static_cast<unsigned>((x.rows + rowsPerBlock - 1) / rowsPerBlock));
    launch(isShort ? rmsNormKernel<kWarpLanes> : rmsNormKernel<kThreads>, {grid, dim3(kThreads)},
           stream, weight, x, y, eps);
}

}  // namespace apertura::kernels::cuda
