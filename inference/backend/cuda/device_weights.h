// A model's weights on a device: one arena, everything but the embedding table in it.
#pragma once

#include <cstddef>
#include <vector>

#include "inference/weights/checkpoint.h"
#include "kernels/cuda/device/arena.h"
#include "kernels/linear.h"
#include "kernels/xielu.h"

namespace apertura::cuda {

// Pointers and views into device memory.
struct DeviceLayer {
    const float* attentionNorm = nullptr;    // [H]
    const float* feedforwardNorm = nullptr;  // [H]
    const float* queryNorm = nullptr;        // [D]
    const float* keyNorm = nullptr;          // [D]
    kernels::Linear query, key, value, output, up, down;
    kernels::Xielu xielu;
};

// Bytes of an arena, alignment included.
struct WeightBytes {
    std::size_t weights = 0;  // adapters left out
    std::size_t adapters = 0;

    std::size_t total() const { return weights + adapters; }
};

WeightBytes deviceWeightBytes(const ModelWeights& weights);

class DeviceWeights {
public:
    // Copies the weights and waits until they are there. Errors: throws CudaError.
    DeviceWeights(const ModelWeights& weights, kernels::cuda::Stream& stream);

    const DeviceLayer& layer(std::int64_t index) const {
        return m_layers[static_cast<std::size_t>(index)];
    }
    std::size_t bytes() const { return m_arena.size(); }
    const float* finalNorm() const { return m_finalNorm; }
    const kernels::Linear& head() const { return m_head; }

private:
    kernels::cuda::DeviceArena m_arena;
    std::vector<DeviceLayer> m_layers;
    const float* m_finalNorm = nullptr;
    kernels::Linear m_head;
};

}  // namespace apertura::cuda
