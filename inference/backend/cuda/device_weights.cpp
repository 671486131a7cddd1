#include "inference/backend/cuda/device_weights.h"

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

DeviceLayer upload(const LayerWeights& layer, ops::DeviceArena& arena, ops::Stream& stream) {
    const auto norm = [&](const std::vector<float>& values) {
        return arena.upload(std::span<const float>(values), stream).data();
    };
    DeviceLayer copy;
    copy.attentionNorm = norm(layer.attentionNorm);
    copy.feedforwardNorm = norm(layer.feedforwardNorm);
    copy.queryNorm = norm(layer.queryNorm);
    copy.keyNorm = norm(layer.keyNorm);
    copy.query = ops::toDevice(layer.query, arena, stream);
    copy.key = ops::toDevice(layer.key, arena, stream);
    copy.value = ops::toDevice(layer.value, arena, stream);
    copy.output = ops::toDevice(layer.output, arena, stream);
    copy.up = ops::toDevice(layer.up, arena, stream);
    copy.down = ops::toDevice(layer.down, arena, stream);
    copy.xielu = {layer.xielu.alphaP, layer.xielu.alphaN, layer.xielu.beta, layer.xielu.eps};
    return copy;
}

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

DeviceWeights::DeviceWeights(const ModelWeights& weights, ops::Stream& stream)
    : m_arena(deviceWeightBytes(weights).total()) {
    for (const LayerWeights& layer : weights.layers) {
        m_layers.push_back(upload(layer, m_arena, stream));
    }
    m_finalNorm = m_arena.upload(std::span<const float>(weights.finalNorm), stream).data();
    m_head = ops::toDevice(weights.head, m_arena, stream);
    CHECK(m_arena.used() == m_arena.size());
    stream.synchronize();
}

}  // namespace apertura::cuda
