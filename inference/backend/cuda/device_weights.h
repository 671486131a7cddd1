// A model's weights on a device, all but the embedding table: what another model has there already
// is shared with it.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "inference/backend/cuda/shared_tensors.h"
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

// How much of it is on the device already.
std::size_t presentWeightBytes(const ModelWeights& weights, const SharedTensors& shared,
                               TensorKeys& keys);

// An arena for each layer, for the head and for the final norm, so that what a model shares holds
// no more than a layer of another that is gone.
class DeviceWeights {
public:
    // Copies what is not there yet, waits until it is, and offers it to other models. Errors:
    // throws CudaError.
    DeviceWeights(const ModelWeights& weights, SharedTensors& shared, TensorKeys& keys,
                  kernels::cuda::Stream& stream);

    const DeviceLayer& layer(std::int64_t index) const {
        return m_layers[static_cast<std::size_t>(index)];
    }
    std::size_t bytes() const { return m_bytes; }  // of its own, not shared
    const float* finalNorm() const { return m_finalNorm; }
    const kernels::Linear& head() const { return m_head; }

private:
    std::size_t m_bytes = 0;
    std::vector<std::shared_ptr<const void>> m_owners;  // of all tensors, those of others included
    std::vector<DeviceLayer> m_layers;
    const float* m_finalNorm = nullptr;
    kernels::Linear m_head;
};

}  // namespace apertura::cuda
