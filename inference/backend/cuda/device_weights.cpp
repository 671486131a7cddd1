#include "inference/backend/cuda/device_weights.h"

#include <map>
#include <span>
#include <utility>

#include "kernels/cuda/device_linear.h"

namespace apertura::cuda {

namespace {

namespace ops = kernels::cuda;

std::size_t normBytes(const std::vector<float>& norm) {
    return ops::arenaBytes(norm.size() * sizeof(float));
}

void count(const kernels::Linear& linear, WeightBytes& bytes) {
    std::size_t adapter = 0;
    if (linear.adapter) {
        adapter = ops::deviceBytes(linear.adapter->a) + ops::deviceBytes(linear.adapter->b);
    }
    bytes.adapters += adapter;
    bytes.weights += ops::deviceBytes(linear) - adapter;
}

const float* placeNorm(const std::vector<float>& norm, const ops::PlaceTensor& place) {
    return reinterpret_cast<const float*>(place(std::as_bytes(std::span(norm))));
}

DeviceLayer placeLayer(const LayerWeights& layer, const ops::PlaceTensor& place) {
    DeviceLayer copy;
    copy.attentionNorm = placeNorm(layer.attentionNorm, place);
    copy.feedforwardNorm = placeNorm(layer.feedforwardNorm, place);
    copy.queryNorm = placeNorm(layer.queryNorm, place);
    copy.keyNorm = placeNorm(layer.keyNorm, place);
    copy.query = ops::toDevice(layer.query, place);
    copy.key = ops::toDevice(layer.key, place);
    copy.value = ops::toDevice(layer.value, place);
    copy.output = ops::toDevice(layer.output, place);
    copy.up = ops::toDevice(layer.up, place);
    copy.down = ops::toDevice(layer.down, place);
    copy.xielu = {layer.xielu.alphaP, layer.xielu.alphaN, layer.xielu.beta, layer.xielu.eps};
    return copy;
}

// Places the tensors of one part of a model after the other.
class Loader {
public:
    Loader(SharedTensors& shared, TensorKeys& keys, ops::Stream& stream)
        : m_shared(shared), m_keys(keys), m_stream(stream) {}

    // `part(place)` gives each of its tensors to `place`, at every call the same ones.
    template <typename Part>
    auto load(const Part& part) {
        // What is there is held from here on, so that it is there when it is taken.
        std::map<TensorKey, SharedTensor> present;
        std::size_t missing = 0;
        part([&](std::span<const std::byte> tensor) -> const std::byte* {
            const TensorKey key = m_keys.of(tensor);
            if (auto found = m_shared.find(key)) {
                present.emplace(key, std::move(*found));
            }
            missing += present.contains(key) ? 0 : ops::arenaBytes(tensor.size());
            return nullptr;
        });
        const auto arena = std::make_shared<ops::DeviceArena>(missing);
        m_bytes += missing;
        m_owners.push_back(arena);
        for (const auto& [key, tensor] : present) {
            m_owners.push_back(tensor.owner);
        }
        auto placed = part([&](std::span<const std::byte> tensor) {
            const TensorKey key = m_keys.of(tensor);
            if (const auto found = present.find(key); found != present.end()) {
                return found->second.data;
            }
            const std::byte* const copy = arena->upload(tensor, m_stream).data();
            m_uploaded.emplace_back(key, SharedTensor{copy, arena});
            return copy;
        });
        CHECK(arena->used() == arena->size());
        return placed;
    }

    std::size_t bytes() const { return m_bytes; }  // that were not there yet
    // Waits for the copies and lets other models find them. Returns what keeps all tensors there.
    std::vector<std::shared_ptr<const void>> finish() {
        m_stream.synchronize();
        for (const auto& [key, tensor] : m_uploaded) {
            m_shared.add(key, tensor);
        }
        m_uploaded.clear();
        return std::move(m_owners);
    }

private:
    SharedTensors& m_shared;
    TensorKeys& m_keys;
    ops::Stream& m_stream;
    std::size_t m_bytes = 0;
    std::vector<std::shared_ptr<const void>> m_owners;
    std::vector<std::pair<TensorKey, SharedTensor>> m_uploaded;
};

}  // namespace

WeightBytes deviceWeightBytes(const ModelWeights& weights) {
    WeightBytes bytes;
    for (const LayerWeights& layer : weights.layers) {
        for (const auto* norm :
             {&layer.attentionNorm, &layer.feedforwardNorm, &layer.queryNorm, &layer.keyNorm}) {
            bytes.weights += normBytes(*norm);
        }
        for (const auto* linear :
             {&layer.query, &layer.key, &layer.value, &layer.output, &layer.up, &layer.down}) {
            count(*linear, bytes);
        }
    }
    bytes.weights += normBytes(weights.finalNorm);
    count(weights.head, bytes);
    return bytes;
}

std::size_t presentWeightBytes(const ModelWeights& weights, const SharedTensors& shared,
                               TensorKeys& keys) {
    std::size_t bytes = 0;
    const ops::PlaceTensor see = [&](std::span<const std::byte> tensor) -> const std::byte* {
        bytes += shared.find(keys.of(tensor)) ? ops::arenaBytes(tensor.size()) : 0;
        return nullptr;
    };
    for (const LayerWeights& layer : weights.layers) {
        placeLayer(layer, see);
    }
    placeNorm(weights.finalNorm, see);
    ops::toDevice(weights.head, see);
    return bytes;
}

DeviceWeights::DeviceWeights(const ModelWeights& weights, SharedTensors& shared, TensorKeys& keys,
                             ops::Stream& stream) {
    Loader loader(shared, keys, stream);
    for (const LayerWeights& layer : weights.layers) {
        m_layers.push_back(
            loader.load([&](const ops::PlaceTensor& place) { return placeLayer(layer, place); }));
    }
    m_finalNorm = loader.load(
        [&](const ops::PlaceTensor& place) { return placeNorm(weights.finalNorm, place); });
    m_head = loader.load(
        [&](const ops::PlaceTensor& place) { return ops::toDevice(weights.head, place); });
    m_bytes = loader.bytes();
    m_owners = loader.finish();
}

}  // namespace apertura::cuda
