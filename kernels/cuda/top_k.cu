#include <algorithm>
#include <cmath>

#include "kernels/cuda/device/arena.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/warp.h"
#include "kernels/cuda/top_k.h"

namespace apertura::kernels::cuda {

namespace {

// A tournament: a block sorts 2048 keys in 16 kB of shared memory and passes on the best k, until
// one block is left. At 131,072 tokens and k = 256 that is 64 blocks, then 8, then one.
constexpr int kSlice = 2048;
constexpr int kThreads = 512;
constexpr int kWarps = kThreads / kWarpLanes;

// A logit and its token as one number, greater where the logit is, or, for equal logits, where the
// id is smaller. Zero is below all of them.
using Key = unsigned long long;

__device__ inline Key keyOf(float logit, unsigned id) {
    const unsigned bits = __float_as_uint(logit + 0.0F);
    const unsigned ordered = (bits & 0x80000000U) != 0 ? ~bits : bits | 0x80000000U;
    return static_cast<Key>(ordered) << 32 | (0xFFFFFFFFU - id);
}

__device__ inline float logitOf(Key key) {
    const auto ordered = static_cast<unsigned>(key >> 32);
    return __uint_as_float((ordered & 0x80000000U) != 0 ? ordered & 0x7FFFFFFFU : ~ordered);
}

__device__ inline std::int32_t idOf(Key key) {
    return static_cast<std::int32_t>(0xFFFFFFFFU - static_cast<unsigned>(key));
}

// Bitonic sort by the whole block, which sees its result.
__device__ inline void sortDescending(Key (&keys)[kSlice]) {
    for (int size = 2; size <= kSlice; size *= 2) {
        for (int stride = size / 2; stride > 0; stride /= 2) {
            __syncthreads();
            for (int i = threadIdx.x; i < kSlice / 2; i += kThreads) {
                const int low = 2 * i - (i & (stride - 1));
                const int high = low + stride;
                const bool isDescending = (low & size) == 0;
                const Key first = keys[low];
                const Key second = keys[high];
                if ((first < second) == isDescending) {
                    keys[low] = second;
                    keys[high] = first;
                }
            }
        }
    }
    __syncthreads();
}

// What the first round leaves of each slice for the sums over all of them.
struct SliceSums {
    float* largest = nullptr;
    float* sums = nullptr;     // of exp(logit - largest)
    float* weights = nullptr;  // of exp((logit - largest) / temperature)
    int count = 0;
    float coldness = 1.0F;  // 1 / temperature
};

// Over the threads of a block, for all of them.
__device__ inline float blockSum(float value, float (&partial)[kWarps]) {
    value = warpSum(value);
    if (threadIdx.x % kWarpLanes == 0) {
        partial[threadIdx.x / kWarpLanes] = value;
    }
    __syncthreads();
    float sum = partial[0];
    for (int w = 1; w < kWarps; ++w) {
        sum += partial[w];
    }
    // The next sum overwrites what is read here.
    __syncthreads();
    return sum;
}

// blockIdx.x is the slice.
__global__ void __launch_bounds__(kThreads)
    sliceBestKernel(const float* logits, int vocabulary, int k, Key* best, SliceSums slices) {
    __shared__ Key keys[kSlice];
    __shared__ float partial[kWarps];
    const int first = blockIdx.x * kSlice;
    const int count = min(kSlice, vocabulary - first);
    for (int i = threadIdx.x; i < kSlice; i += kThreads) {
        keys[i] = i < count ? keyOf(logits[first + i], first + i) : 0;
    }
    sortDescending(keys);
    const float largest = logitOf(keys[0]);
    const float base = largest == -INFINITY ? 0.0F : largest;
    float sum = 0.0F;
    float weight = 0.0F;
    for (int i = threadIdx.x; i < count; i += kThreads) {
        const float below = logitOf(keys[i]) - base;
        sum += expf(below);
        weight += expf(below * slices.coldness);
    }
    sum = blockSum(sum, partial);
    weight = blockSum(weight, partial);
    if (threadIdx.x == 0) {
        slices.largest[blockIdx.x] = largest;
        slices.sums[blockIdx.x] = sum;
        slices.weights[blockIdx.x] = weight;
    }
    for (int i = threadIdx.x; i < k; i += kThreads) {
        best[static_cast<std::int64_t>(blockIdx.x) * k + i] = keys[i];
    }
}

// By one warp.
__device__ inline void sumSlices(const SliceSums& slices, TopK* result) {
    const int lane = threadIdx.x;
    float largest = -INFINITY;
    for (int i = lane; i < slices.count; i += kWarpLanes) {
        largest = fmaxf(largest, slices.largest[i]);
    }
    largest = warpMax(largest);
    const float base = largest == -INFINITY ? 0.0F : largest;
    double sum = 0.0;
    double weight = 0.0;
    for (int i = lane; i < slices.count; i += kWarpLanes) {
        const double below = static_cast<double>(slices.largest[i]) - base;
        sum += slices.sums[i] * exp(below);
        weight += slices.weights[i] * exp(below * slices.coldness);
    }
    for (int step = kWarpLanes / 2; step > 0; step /= 2) {
        sum += __shfl_xor_sync(kAllLanes, sum, step);
        weight += __shfl_xor_sync(kAllLanes, weight, step);
    }
    if (lane == 0) {
        result->largest = largest;
        result->logSumExp = base + log(sum);
        result->weightSum = weight;
    }
}

// The best k of each slice of `count` keys; the last block of all, being the only one, writes the
// result.
__global__ void __launch_bounds__(kThreads)
    mergeBestKernel(const Key* candidates, int count, int k, Key* best, SliceSums slices,
                    TopK* result) {
    __shared__ Key keys[kSlice];
    const int first = blockIdx.x * kSlice;
    for (int i = threadIdx.x; i < kSlice; i += kThreads) {
        keys[i] = first + i < count ? candidates[first + i] : 0;
    }
    sortDescending(keys);
    if (gridDim.x > 1) {
        for (int i = threadIdx.x; i < k; i += kThreads) {
            best[static_cast<std::int64_t>(blockIdx.x) * k + i] = keys[i];
        }
        return;
    }
    for (int i = threadIdx.x; i < k; i += kThreads) {
        result->best[i] = {idOf(keys[i]), logitOf(keys[i])};
    }
    if (threadIdx.x == 0) {
        result->count = k;
    }
    if (threadIdx.x < kWarpLanes) {
        sumSlices(slices, result);
    }
}

std::int64_t sliceCount(std::int64_t count) {
    return (count + kSlice - 1) / kSlice;
}

std::size_t keyBytes(std::int64_t count) {
    return arenaBytes(static_cast<std::size_t>(count) * sizeof(Key));
}

std::size_t sumBytes(std::int64_t slices) {
    return arenaBytes(static_cast<std::size_t>(slices) * sizeof(float));
}

}  // namespace

std::size_t topKScratchBytes(std::int64_t vocabulary, std::int64_t k) {
    const std::int64_t slices = sliceCount(vocabulary);
    return keyBytes(slices * k) + keyBytes(sliceCount(slices * k) * k) + 3 * sumBytes(slices);
}

void topK(const float* logits, std::int64_t vocabulary, const TopKRequest& request,
          std::byte* scratch, TopK* result, Stream& stream) {
    const std::int64_t k = request.k;
    CHECK(k >= 1 && k <= kMaxTopK && k <= vocabulary && request.temperature > 0.0);
    const std::int64_t slices = sliceCount(vocabulary);
    auto* candidates = reinterpret_cast<Key*>(scratch);
    auto* best = reinterpret_cast<Key*>(scratch + keyBytes(slices * k));
    std::byte* const sums = scratch + keyBytes(slices * k) + keyBytes(sliceCount(slices * k) * k);
    const SliceSums sliceSums = {
        reinterpret_cast<float*>(sums), reinterpret_cast<float*>(sums + sumBytes(slices)),
        reinterpret_cast<float*>(sums + 2 * sumBytes(slices)), static_cast<int>(slices),
        static_cast<float>(1.0 / request.temperature)};
    launch(sliceBestKernel, {dim3(static_cast<unsigned>(slices)), dim3(kThreads)}, stream, logits,
           static_cast<int>(vocabulary), static_cast<int>(k), candidates, sliceSums);
    for (std::int64_t count = slices * k, blocks = 0; blocks != 1; count = blocks * k) {
        blocks = sliceCount(count);
        launch(mergeBestKernel, {dim3(static_cast<unsigned>(blocks)), dim3(kThreads)}, stream,
               candidates, static_cast<int>(count), static_cast<int>(k), best, sliceSums, result);
        std::swap(candidates, best);
    }
}

}  // namespace apertura::kernels::cuda
