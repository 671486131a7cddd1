// A random KV cache on the device, with the numbers that it stands for in float64 beside it.
#pragma once

#include <random>
#include <string>
#include <vector>

#include "kernels/cuda/kv_cache.h"
#include "tests/kernels/cuda/device_case.h"
#include "tests/support/random_linear.h"

namespace apertura::test {

struct KvShape {
    std::int64_t kvHeads, headDim, capacity;
};

inline const char* kvFormatName(kernels::cuda::KvFormat format) {
    return format == kernels::cuda::KvFormat::bf16 ? "Bf16" : "Int8";
}

// The cache as the host reads it back: the numbers stored, exactly.
struct KvNumbers {
    std::vector<double> keys;    // [K, capacity, D]
    std::vector<double> values;  // likewise
};

inline std::vector<double> readKv(const void* numbers, const std::uint16_t* scales,
                                  const kernels::cuda::KvCacheView& view,
                                  kernels::cuda::Stream& stream) {
    const auto count = static_cast<std::size_t>(view.kvHeads * view.capacity * view.headDim);
    std::vector<double> result(count);
    if (view.format == kernels::cuda::KvFormat::bf16) {
        const auto bits = toHost(static_cast<const std::uint16_t*>(numbers), count, stream);
        for (std::size_t i = 0; i < count; ++i) {
            result[i] = kernels::bf16ToFloat(bits[i]);
        }
        return result;
    }
    const auto codes = toHost(static_cast<const std::int8_t*>(numbers), count, stream);
    const auto dim = static_cast<std::size_t>(view.headDim);
    const auto halves = toHost(scales, count / dim, stream);
    for (std::size_t i = 0; i < count; ++i) {
        result[i] = codes[i] * static_cast<double>(kernels::halfToFloat(halves[i / dim]));
    }
    return result;
}

inline KvNumbers readKv(const kernels::cuda::KvCacheView& view, kernels::cuda::Stream& stream) {
    return {readKv(view.keys, view.keyScales, view, stream),
            readKv(view.values, view.valueScales, view, stream)};
}

// A cache of `format` in memory of its own, filled with `tokens` random tokens from position 0 on.
struct RandomKv {
    kernels::cuda::DeviceBuffer memory;
    kernels::cuda::KvCacheView view;
    std::vector<float> key;    // [tokens, K D], as given to appendKv
    std::vector<float> value;  // likewise

    RandomKv(kernels::cuda::KvFormat format, KvShape shape, std::int64_t tokens,
             std::mt19937& random, kernels::cuda::Stream& stream)
        : memory(kernels::cuda::kvBytes(format, shape.capacity, shape.kvHeads, shape.headDim)),
          view(kernels::cuda::kvCacheAt(memory.data(), format, shape.capacity, shape.kvHeads,
                                        shape.headDim)) {
        // Positions never written read as zero on the host, and the checker of uninitialised reads
        // is not asked about copies of them.
        kernels::cuda::check(cudaMemsetAsync(memory.data(), 0, memory.size(), stream.handle()),
                             "cudaMemsetAsync");
        const std::int64_t columns = shape.kvHeads * shape.headDim;
        key = randomVector(static_cast<std::size_t>(tokens * columns), 1.0F, random);
        value = randomVector(static_cast<std::size_t>(tokens * columns), 1.0F, random);
        const auto deviceKey = toDevice(key, stream);
        const auto deviceValue = toDevice(value, stream);
        kernels::cuda::appendKv(view, {deviceKey.as<const float>(), tokens, columns},
                                {deviceValue.as<const float>(), tokens, columns}, 0, stream);
        stream.synchronize();
    }
};

}  // namespace apertura::test
