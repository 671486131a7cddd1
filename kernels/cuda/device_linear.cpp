#include "kernels/cuda/device_linear.h"

namespace apertura::kernels::cuda {

std::size_t deviceBytes(const DenseMatrix& matrix) {
    return arenaBytes(static_cast<std::size_t>(matrix.byteCount()));
}

std::size_t deviceBytes(const QuantizedMatrix& matrix) {
    return arenaBytes(matrix.codes.size_bytes()) + arenaBytes(matrix.scales.size_bytes()) +
           arenaBytes(matrix.integerZeros.size_bytes()) +
           arenaBytes(matrix.realZeros.size_bytes()) + arenaBytes(matrix.inputScale.size_bytes()) +
           arenaBytes(matrix.inputOrder.size_bytes());
}

std::size_t deviceBytes(const Linear& linear) {
    std::size_t bytes = 0;
    for (const LinearBlock& block : linear.blocks) {
        bytes += std::visit([](const auto& matrix) { return deviceBytes(matrix); }, block.matrix);
    }
    if (linear.adapter) {
        bytes += deviceBytes(linear.adapter->a) + deviceBytes(linear.adapter->b);
    }
    return bytes;
}

DenseMatrix toDevice(const DenseMatrix& matrix, DeviceArena& arena, Stream& stream) {
    DenseMatrix copy = matrix;
    copy.data =
        arena.upload(std::span(matrix.data, static_cast<std::size_t>(matrix.byteCount())), stream)
            .data();
    return copy;
}

QuantizedMatrix toDevice(const QuantizedMatrix& matrix, DeviceArena& arena, Stream& stream) {
    QuantizedMatrix copy = matrix;
    copy.codes = arena.upload(matrix.codes, stream);
    copy.scales = arena.upload(matrix.scales, stream);
    copy.integerZeros = arena.upload(matrix.integerZeros, stream);
    copy.realZeros = arena.upload(matrix.realZeros, stream);
    copy.inputScale = arena.upload(matrix.inputScale, stream);
    copy.inputOrder = arena.upload(matrix.inputOrder, stream);
    return copy;
}

Linear toDevice(const Linear& linear, DeviceArena& arena, Stream& stream) {
    Linear copy = linear;
    for (LinearBlock& block : copy.blocks) {
        std::visit([&](auto& matrix) { matrix = toDevice(matrix, arena, stream); }, block.matrix);
    }
    if (copy.adapter) {
        copy.adapter->a = toDevice(copy.adapter->a, arena, stream);
        copy.adapter->b = toDevice(copy.adapter->b, arena, stream);
    }
    return copy;
}

}  // namespace apertura::kernels::cuda
