#include "kernels/cuda/device/arena.h"
#include "kernels/cuda/device/kv_row.h"
#include "kernels/cuda/device/launch.h"
#include "kernels/cuda/device/position.h"
#include "kernels/cuda/kv_cache.h"

namespace apertura::kernels::cuda {

namespace {

constexpr int kWarpsPerBlock = 4;

// One warp per row of keys or values; blockIdx.y is the token.
template <KvFormat format>
__global__ void appendKvKernel(KvCacheView cache, Matrix<const float> key,
                               Matrix<const float> value, Position firstPosition) {
    const int row = blockIdx.x * kWarpsPerBlock + threadIdx.x / kWarpLanes;
    if (row >= 2 * cache.kvHeads) {
        return;  // the whole warp
    }
    const int head = row / 2;
    const std::int64_t token = blockIdx.y;
    const std::int64_t position = positionOf(firstPosition) + token;
    const int headDim = static_cast<int>(cache.headDim);
    const bool isKey = row % 2 == 0;
    const Matrix<const float>& source = isKey ? key : value;
    const KvHead target = isKey ? kvHead<format>(cache.keys, cache.keyScales, cache, head)
                                : kvHead<format>(cache.values, cache.valueScales, cache, head);
    storeKvRow<format>(target, position, headDim,
                       source.data + token * source.stride + head * headDim);
}

std::size_t numberBytes(KvFormat format, std::int64_t capacity, std::int64_t kvHeads,
                        std::int64_t headDim) {
    return arenaBytes(static_cast<std::size_t>(capacity * kvHeads * headDim *
                                               (format == KvFormat::bf16 ? 2 : 1)));
}

std::size_t scaleBytes(KvFormat format, std::int64_t capacity, std::int64_t kvHeads) {
    return format == KvFormat::bf16 ? 0
                                    : arenaBytes(static_cast<std::size_t>(capacity * kvHeads * 2));
}

}  // namespace

std::size_t kvBytes(KvFormat format, std::int64_t capacity, std::int64_t kvHeads,
                    std::int64_t headDim) {
    return 2 * numberBytes(format, capacity, kvHeads, headDim) +
           2 * scaleBytes(format, capacity, kvHeads);
}

KvCacheView kvCacheAt(std::byte* memory, KvFormat format, std::int64_t capacity,
                      std::int64_t kvHeads, std::int64_t headDim) {
    const std::size_t numbers = numberBytes(format, capacity, kvHeads, headDim);
    const std::size_t scales = scaleBytes(format, capacity, kvHeads);
    KvCacheView view;
    view.keys = memory;
    view.values = memory + numbers;
    if (format == KvFormat::int8) {
        view.keyScales = reinterpret_cast<std::uint16_t*>(memory + 2 * numbers);
        view.valueScales = reinterpret_cast<std::uint16_t*>(memory + 2 * numbers + scales);
    }
    view.capacity = capacity;
    view.kvHeads = kvHeads;
    view.headDim = headDim;
    view.format = format;
    return view;
}

void appendKv(const KvCacheView& cache, Matrix<const float> key, Matrix<const float> value,
              Position firstPosition, Stream& stream) {
    CHECK(key.columns == cache.kvHeads * cache.headDim && value.columns == key.columns);
    CHECK(key.rows == value.rows && cache.headDim % kOctet == 0);
    CHECK(!firstPosition.isKnown() || firstPosition.value + key.rows <= cache.capacity);
    const auto rows = static_cast<unsigned>(2 * cache.kvHeads);
    const dim3 grid((rows + kWarpsPerBlock - 1) / kWarpsPerBlock, static_cast<unsigned>(key.rows));
    const auto kernel = cache.format == KvFormat::bf16 ? appendKvKernel<KvFormat::bf16>
                                                       : appendKvKernel<KvFormat::int8>;
    launch(kernel, {grid, dim3(kWarpsPerBlock * kWarpLanes)}, stream, cache, key, value,
           firstPosition);
}

}  // namespace apertura::kernels::cuda
