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

namespace {

template <typename T>
std::span<const T> placed(std::span<const T> tensor, const PlaceTensor& place) {
    if (tensor.empty()) {
        return {};
    }
    return {reinterpret_cast<const T*>(place(std::as_bytes(tensor))), tensor.size()};
}

PlaceTensor placeIn(DeviceArena& arena, Stream& stream) {
    return [&arena, &stream](std::span<const std::byte> tensor) {
        return arena.upload(tensor, stream).data();
    };
}

}  // namespace

DenseMatrix toDevice(const DenseMatrix& matrix, const PlaceTensor& place) {
    DenseMatrix copy = matrix;
    copy.data =
        placed(std::span(matrix.data, static_cast<std::size_t>(matrix.byteCount())), place).data();
    return copy;
}

QuantizedMatrix toDevice(const QuantizedMatrix& matrix, const PlaceTensor& place) {
    QuantizedMatrix copy = matrix;
    copy.codes = placed(matrix.codes, place);
    copy.scales = placed(matrix.scales, place);
    copy.integerZeros = placed(matrix.integerZeros, place);
    copy.realZeros = placed(matrix.realZeros, place);
    copy.inputScale = placed(matrix.inputScale, place);
    copy.inputOrder = placed(matrix.inputOrder, place);
    return copy;
}

Linear toDevice(const Linear& linear, const PlaceTensor& place) {
    Linear copy = linear;
    for (LinearBlock& block : copy.blocks) {
        std::visit([&](auto& matrix) { matrix = toDevice(matrix, place); }, block.matrix);
    }
    if (copy.adapter) {
        copy.adapter->a = toDevice(copy.adapter->a, place);
        copy.adapter->b = toDevice(copy.adapter->b, place);
    }
    return copy;
}

DenseMatrix toDevice(const DenseMatrix& matrix, DeviceArena& arena, Stream& stream) {
    return toDevice(matrix, placeIn(arena, stream));
}

QuantizedMatrix toDevice(const QuantizedMatrix& matrix, DeviceArena& arena, Stream& stream) {
    return toDevice(matrix, placeIn(arena, stream));
}

Linear toDevice(const Linear& linear, DeviceArena& arena, Stream& stream) {
    return toDevice(linear, placeIn(arena, stream));
}

}  // namespace apertura::kernels::cuda
